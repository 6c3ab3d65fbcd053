// SPDX-License-Identifier: Apache-2.0
#include "base/protobuf.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <string>

namespace sidespan::base::protobuf {
namespace {

using namespace std::string_view_literals;

TEST_CASE("protobuf: sizes of varints are what is written") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{16383},
        std::uint64_t{16384}, std::uint64_t{1} << 35, std::uint64_t{1} << 63, most}) {
    std::array<std::uint8_t, 16> memory{};
    writer to(memory.data());
    to.varint(value);
    CHECK(to.at() == memory.data() + varint_size(value));
    memory.fill(0);
    writer again(memory.data());
    again.integer(1, value);
    std::string_view bytes(reinterpret_cast<const char*>(memory.data()), 1 + varint_size(value));
    const auto read = next_field(bytes);
    REQUIRE(read);
    CHECK(read->integer == value);
    CHECK(bytes.empty());
  }
}

TEST_CASE("protobuf: tags of one and two bytes (specs 4.4)") {
  std::array<std::uint8_t, 8> memory{};
  writer(memory.data()).fixed32(16, 0x303);
  CHECK(memory[0] == 0x85);
  CHECK(memory[1] == 0x01);
  CHECK(memory[2] == 0x03);
  CHECK(memory[3] == 0x03);
  CHECK(tag_size(15) == 1);
  CHECK(tag_size(16) == 2);
}

TEST_CASE("protobuf: reads each kind of field") {
  std::string_view message =
      "\x08\x96\x01\x12\x03"
      "abc\x1d\x01\x02\x03\x04\x21\x01\x00\x00\x00\x00\x00\x00\x80"sv;
  auto field = next_field(message);
  REQUIRE(field);
  CHECK(field->number == 1);
  CHECK(field->kind == type::varint);
  CHECK(field->integer == 150);
  field = next_field(message);
  REQUIRE(field);
  CHECK(field->number == 2);
  CHECK(field->bytes == "abc");
  field = next_field(message);
  REQUIRE(field);
  CHECK(field->kind == type::fixed32);
  CHECK(field->integer == 0x04030201);
  field = next_field(message);
  REQUIRE(field);
  CHECK(field->kind == type::fixed64);
  CHECK(field->integer == 0x8000000000000001ULL);
  CHECK_FALSE(next_field(message));
}

TEST_CASE("protobuf: stops at the first byte that makes no sense") {
  const auto bad = GENERATE(""sv, "\x08"sv, "\x08\x80"sv,
                            "\x12\x05"
                            "abc"sv,
                            "\x0b"sv, "\x0c"sv, "\x0e\x01"sv, "\x00\x01"sv, "\x1d\x01\x02"sv, "\x21\x01\x02\x03\x04"sv,
                            "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
                            "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv, "\x80\x80\x80\x80\x80\x80\x01\x00"sv);
  std::string_view message = bad;
  CHECK_FALSE(next_field(message));
}

}  // namespace
}  // namespace sidespan::base::protobuf
