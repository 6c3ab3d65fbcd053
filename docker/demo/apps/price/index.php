<?php
// SPDX-License-Identifier: Apache-2.0
// The prices: Slim on PHP's own server, a process for each request in flight. Product 7 has no price and answers 500, which is
// what the others make a retry storm of. Calls nobody.
error_reporting(E_ALL & ~E_DEPRECATED); // Slim 3 is older than the language it runs on here
require_once 'Slim/autoload.php';

$app = new \Slim\App();

$app->get('/t/{request}/{hop}/prices/{product:[0-9]+}', function ($request, $response, $arguments) {
    $product = (int) $arguments['product'];
    if ($product === 7) {
        return $response->withJson(['service' => 'price', 'error' => 'no price for product 7'], 500);
    }
    return $response->withJson(['service' => 'price', 'price' => 100 + $product]);
});

$app->get('/healthz', function ($request, $response) {
    return $response->withJson(['service' => 'price']);
});

$app->run();
