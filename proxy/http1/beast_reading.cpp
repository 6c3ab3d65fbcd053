// SPDX-License-Identifier: Apache-2.0
#include "http1/beast_reading.hpp"

// The parser alone is compiled in here: it inlines, and this library stays free of sockets.
#undef BOOST_BEAST_SEPARATE_COMPILATION
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <string>

namespace sidespan::http1 {

namespace {

namespace beast = boost::beast;
using beast::http::error;
using boost::system::error_code;

/// Views into the same buffer are equal by address; only a copy has to be compared byte by byte.
bool same(beast::string_view theirs, std::string_view ours) noexcept {
  if (theirs.size() != ours.size()) return false;
  return theirs.data() == ours.data() || std::char_traits<char>::compare(theirs.data(), ours.data(), ours.size()) == 0;
}

int number(http::version version) noexcept { return version == http::version::http_1_0 ? 10 : 11; }

template <bool IsRequest, class Head>
class reader final : public beast::http::basic_parser<IsRequest> {
 public:
  explicit reader(const Head& ours) : ours_(ours), next_(ours.fields.begin()) {
    // Our own limits are stricter and came first.
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
    this->skip(true);
  }

  bool agrees(std::string_view head, const declared_framing& framing) {
    error_code ec;
    const std::size_t consumed = this->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    if (ec || consumed != head.size() || !this->is_header_done() || next_ != ours_.fields.end()) return false;
    const auto length = this->content_length();
    if (length.has_value() != framing.content_length.has_value() || this->chunked() != framing.chunked) return false;
    return !length || *length == *framing.content_length;
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       error_code& ec) override {
    if constexpr (IsRequest) {
      if (!same(method, ours_.method) || !same(target, ours_.target) || version != number(ours_.version))
        ec = error::bad_target;
    }
  }
  void on_response_impl(int status, beast::string_view reason, int version, error_code& ec) override {
    if constexpr (!IsRequest) {
      if (status != ours_.status || !same(reason, ours_.reason) || version != number(ours_.version))
        ec = error::bad_status;
    }
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code& ec) override {
    const bool agreed = next_ != ours_.fields.end() && same(name, next_->name) && same(value, next_->value);
    if (agreed) {
      ++next_;
    } else {
      ec = error::bad_field;
    }
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  const Head& ours_;
  http::fields::const_iterator next_;
};

/// Beast knows 1.0 and 1.1 only; a higher minor version is to be processed as 1.1 (RFC 9110 §6.2).
template <bool IsRequest, class Head>
bool read_again(std::string_view head, std::size_t minor_digit, const Head& ours, const declared_framing& framing) {
  reader<IsRequest, Head> second(ours);
  if (head[minor_digit] <= '1') return second.agrees(head, framing);
  std::string as_1_1(head);
  as_1_1[minor_digit] = '1';
  return second.agrees(as_1_1, framing);
}

}  // namespace

bool beast_agrees(std::string_view head, const http::request_head& ours, const declared_framing& framing) {
  return read_again<true>(head, head.find('\r') - 1, ours, framing);
}

bool beast_agrees(std::string_view head, const http::response_head& ours, const declared_framing& framing) {
  constexpr std::size_t minor_digit = std::string_view("HTTP/1.").size();
  return read_again<false>(head, minor_digit, ours, framing);
}

}  // namespace sidespan::http1
