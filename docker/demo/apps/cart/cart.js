// SPDX-License-Identifier: Apache-2.0
// The cart: Express on Node. Asks stock for one line after the other (the N+1 story) and tries a line three times when stock
// answers 502 (half of the retry storm; stock does the other half). Knows its own port and the localhost port of stock.
'use strict';

const express = require('express');
const http = require('http');

const port = Number(process.env.PORT);
const stockPort = Number(process.env.STOCK_PORT);
const attempts = 3;
const lines = { 42: [11, 12, 13, 14], 7: [7, 11], 5: [5], 1: [11] };

function call(method, path) {
  return new Promise((resolve) => {
    const failed = (error) => resolve({ status: 502, body: { error: error.message } });
    const request = http.request({ host: '127.0.0.1', port: stockPort, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { text += chunk; });
      response.on('error', failed);
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode, body: JSON.parse(text) });
        } catch (error) {
          failed(error);
        }
      });
    });
    request.on('error', failed);
    request.end();
  });
}

const app = express();

app.get('/t/:request/:hop/carts/:id', async (request, response) => {
  const hops = [];
  const found = [];
  let calls = 0;
  let status = 200;
  for (const product of lines[request.params.id] || []) {
    let answer;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      calls += 1;
      const hop = `${request.params.hop}-${calls}`;
      answer = await call('GET', `/t/${request.params.request}/${hop}/stock/${product}`);
      hops.push(`${hop} stock`, ...(answer.body.hops || []));
      if (answer.status !== 502) break;
    }
    if (answer.status === 502) status = 502;
    found.push({ product, status: answer.status, price: answer.body.price });
  }
  response.status(status).json({ service: 'cart', lines: found, hops });
});

app.get('/healthz', (request, response) => response.json({ service: 'cart' }));

// Work that no request causes; asked for on the app's own port, when the demo wants it.
let heartbeat;
let beats = 0;
app.post('/heartbeat', (request, response) => {
  heartbeat = heartbeat || setInterval(() => {
    beats += 1;
    call('POST', `/t/heartbeat-cart-${beats}/0/pulse`);
  }, 200);
  response.json({ heartbeat: 'on' });
});

app.listen(port, '127.0.0.1', 511);
