// SPDX-License-Identifier: Apache-2.0
#include "trace/span_fields.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "support/read_span.hpp"
#include "trace/utf8.hpp"

using namespace sidespan;
using trace::key;

namespace {

support::span read(trace::span_fields&& fields) {
  trace::record out;
  out.fields = std::move(fields);
  return support::read(out);
}

TEST_CASE("span fields: text of every length reads back, with short and with long keys") {
  const auto k = GENERATE(key::url_path, key::http_request_method_original);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    trace::span_fields subject;
    subject.add(k, text);
    subject.add(key::server_port, std::int64_t{80});
    const auto span = read(std::move(subject));
    REQUIRE(span.attributes.size() == 2);
    REQUIRE(span.attributes[0].key == k);
    REQUIRE(span.attributes[0].text == text);
    REQUIRE(span.attributes[1].integer == 80);
  }
}

TEST_CASE("span fields: a byte over 0x7f is noticed wherever it is") {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\xff';
      std::array<std::uint8_t, 40> out{};
      REQUIRE_FALSE(trace::copy_ascii(out.data(), text.data(), size));
      REQUIRE(std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)) == text);
      REQUIRE(out[size] == 0);  // nothing behind it
      text[at] = '\x7f';
      REQUIRE(trace::copy_ascii(out.data(), text.data(), size));
    }
  }
}

TEST_CASE("span fields: what is not UTF-8 is replaced, in text and in the name") {
  trace::span_fields subject;
  subject.set_name("G\xff", "/\xc3\xa9");
  subject.add(key::url_path, "/\xff");
  const auto span = read(std::move(subject));
  CHECK(span.name() == "G\xEF\xBF\xBD /\xc3\xa9");
  CHECK(span.find(key::url_path)->text == "/\xEF\xBF\xBD");
}

TEST_CASE("span fields: names of every length, set again in any order") {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string target(size, 't');
    trace::span_fields subject;
    subject.set_name("FIRST", "");
    subject.add(key::url_path, "/a");
    subject.set_name("GET", target);
    subject.add(key::url_query, "b");
    const auto span = read(std::move(subject));
    REQUIRE(span.name() == (size == 0 ? "GET" : "GET " + target));
    REQUIRE(span.attributes.size() == 2);
  }
  trace::span_fields none;
  none.set_name("GET", "/a");
  none.set_name("", "");
  CHECK_FALSE(none.named());
  CHECK(read(std::move(none)).name() == "HTTP");
}

TEST_CASE("span fields: an attribute is removed from the front, the middle and the end, and only it") {
  const auto gone = GENERATE(key::url_path, key::url_query, key::url_scheme, key::url_full);
  trace::span_fields subject;
  subject.add(key::url_path, "/a");
  subject.add_event(5, "\x4a");  // looks like the tag of an attribute
  subject.add(key::url_query, std::string(500, 'q'));
  subject.add(key::url_scheme, "http");
  subject.remove(gone);
  const auto span = read(std::move(subject));
  CHECK(span.find(gone) == nullptr);
  CHECK(span.attributes.size() == (gone == key::url_full ? 3 : 2));
  CHECK(span.events.size() == 1);
}

TEST_CASE("span fields: grows, keeps its memory when cleared, and has a largest size") {
  trace::span_fields subject;
  while (true) {
    const std::size_t before = subject.bytes().size();
    subject.add_event(1, std::string(3000, 'e'));
    if (subject.bytes().size() == before) break;
    REQUIRE(subject.bytes().size() <= trace::span_fields::max_size);
  }
  CHECK(subject.bytes().size() > trace::span_fields::max_size - 4000);
  const char* memory = subject.bytes().data();
  subject.clear();
  CHECK(subject.bytes().empty());
  subject.add(key::url_path, "/a");
  CHECK(subject.bytes().data() == memory);
  CHECK(read(std::move(subject)).attributes.size() == 1);
}

}  // namespace
