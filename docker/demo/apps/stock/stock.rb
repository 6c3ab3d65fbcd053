# SPDX-License-Identifier: Apache-2.0
# The stock: Sinatra on Puma, threads. Product 13 answers 503; a price that fails is asked for three times, without a pause (the
# other half of the retry storm). Knows its own port (Puma's) and the localhost port of price.
require 'json'
require 'net/http'
require 'sinatra/base'

class Stock < Sinatra::Base
  PRICE_PORT = Integer(ENV.fetch('PRICE_PORT'))
  ATTEMPTS = 3
  SOLD_OUT = '13'

  set :environment, :production
  set :logging, false

  def price(path)
    answer = Net::HTTP.start('127.0.0.1', PRICE_PORT, read_timeout: 20) { |http| http.get(path) }
    [answer.code.to_i, JSON.parse(answer.body)]
  rescue SystemCallError, IOError, Timeout::Error, JSON::ParserError => error
    [502, { 'error' => error.message }]
  end

  get '/t/:request/:hop/stock/:product' do
    content_type :json
    halt 503, { service: 'stock', error: 'the shelf of this product cannot be reached', hops: [] }.to_json if params['product'] == SOLD_OUT

    hops = []
    code = found = nil
    1.upto(ATTEMPTS) do |attempt|
      hops << "#{params['hop']}-#{attempt} price"
      code, found = price("/t/#{params['request']}/#{params['hop']}-#{attempt}/prices/#{params['product']}")
      break if code < 500
    end
    status 502 if code >= 500
    { service: 'stock', price: found['price'], hops: hops }.to_json
  end

  post '/t/:request/:hop/pulse' do
    content_type :json
    { service: 'stock' }.to_json
  end

  get '/healthz' do
    content_type :json
    { service: 'stock' }.to_json
  end
end
