// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "collect/worker.hpp"
#include "unit/collect/fake_exporter.hpp"

namespace sidespan::collect {

TEST_CASE("worker: a batch filled by several shards is not larger than configured") {
  settings limits;
  limits.queue_spans = 100;
  limits.batch_spans = 10;
  limits.delay = std::chrono::milliseconds(1);
  const auto far = std::make_shared<test::script>();
  worker subject(limits, std::make_unique<test::fake_exporter>(far), 3);
  for (std::size_t shard = 0; shard < 3; ++shard) {
    for (std::uint64_t number = 0; number < 7; ++number)
      subject.intake(shard).offer(test::make_record(shard * 7 + number));
  }
  subject.start();
  REQUIRE(far->wait_for_sends(3));
  std::size_t spans = 0;
  for (const auto& sent : far->sends()) {
    CHECK(sent.size() <= limits.batch_spans);
    spans += sent.size();
  }
  CHECK(spans == 21);
}

}  // namespace sidespan::collect
