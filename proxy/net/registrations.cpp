// SPDX-License-Identifier: Apache-2.0
#include "net/registrations.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <vector>

namespace sidespan::net {

void make_registrations(asio::io_context& loop, std::size_t count) {
  // epoll takes no regular file, which Asio puts up with: so one may be registered any number of times.
  const int file = ::memfd_create("sidespan", MFD_CLOEXEC);
  if (file < 0) return;
  {
    std::vector<asio::posix::stream_descriptor> all;
    all.reserve(count);
    while (all.size() < count) {
      boost::system::error_code ec;
      all.emplace_back(loop);
      (void)all.back().assign(file, ec);
      if (ec) break;
    }
    for (auto& each : all) {
      if (each.is_open()) (void)each.release();
    }
  }
  ::close(file);
}

}  // namespace sidespan::net
