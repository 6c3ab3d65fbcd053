// SPDX-License-Identifier: Apache-2.0
#include "forward/snapshot.hpp"

#include <catch2/catch.hpp>

namespace sidespan::forward::test {
namespace {

std::shared_ptr<const snapshot> make() {
  return std::make_shared<const snapshot>(snapshot{{}, {}, trace::exclusion({}), {}, {}});
}

}  // namespace

TEST_CASE("snapshot: lives until its last holder is gone, whoever that is") {
  std::shared_ptr<const snapshot> first = make();
  const std::weak_ptr<const snapshot> watched = first;
  held_snapshot in_force(std::move(first));
  {
    const held_snapshot exchange = in_force;
    const held_snapshot other = exchange;
    in_force = held_snapshot(make());
    CHECK_FALSE(watched.expired());
    CHECK(&*exchange == watched.lock().get());
    CHECK(&*in_force != &*exchange);
  }
  CHECK(watched.expired());
}

TEST_CASE("snapshot: what no exchange holds is gone at once when it is replaced") {
  std::shared_ptr<const snapshot> first = make();
  const std::weak_ptr<const snapshot> watched = first;
  held_snapshot in_force(std::move(first));
  { const held_snapshot exchange = in_force; }
  CHECK_FALSE(watched.expired());
  in_force = held_snapshot(make());
  CHECK(watched.expired());
}

TEST_CASE("snapshot: shards hold one independently") {
  const std::shared_ptr<const snapshot> shared = make();
  held_snapshot one(shared);
  held_snapshot other(shared);
  CHECK(shared.use_count() == 3);
  held_snapshot copy = one;
  const held_snapshot moved = std::move(copy);
  CHECK(shared.use_count() == 3);
  one = held_snapshot();
  other = held_snapshot();
  CHECK(shared.use_count() == 2);
}

}  // namespace sidespan::forward::test
