#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The reviews: Mojolicious, one process and an event loop. Asks users for one author after the other; the reviews of product 5
# are slow to come. Knows its own port (the daemon's) and the localhost port of users.
use Mojolicious::Lite -signatures;
use Mojo::Promise;

my $users_port   = $ENV{USERS_PORT} or die "USERS_PORT is not set\n";
my $slow_product = 5;
my $slowness     = 0.18;

app->log->level('warn');
app->secrets(['not used: no cookie is ever set']);

get '/t/#request/#hop/reviews/:product' => sub ($c) {
  $c->render_later;
  my ($request, $hop, $product) = map { $c->param($_) } qw(request hop product);
  my (@hops, @names);

  my $ask = sub ($author) {
    my $call = $hop . '-' . (@hops + 1);
    push @hops, "$call users";
    return $c->app->ua->get_p("http://127.0.0.1:$users_port/t/$request/$call/users/$author")
      ->then(sub ($tx) { push @names, $tx->res->json('/name') });
  };

  $ask->($product + 1)->then(sub { $ask->($product + 2) })
    ->then(sub { Mojo::Promise->timer($product == $slow_product ? $slowness : 0) })
    ->then(sub { $c->render(json => {service => 'reviews', reviews => [map { {author => $_} } @names], hops => \@hops}) })
    ->catch(sub ($error) { $c->render(json => {service => 'reviews', error => "$error", hops => \@hops}, status => 502) });
};

get '/healthz' => sub ($c) { $c->render(json => {service => 'reviews'}) };

app->start;
