// SPDX-License-Identifier: Apache-2.0
//
// What page_server shares with its connections, and the life of one of them. Internal to the pages; on their
// io_context's thread.
#pragma once

#include <memory>
#include <set>

#include "base/log.hpp"
#include "net/listener.hpp"
#include "net/task.hpp"
#include "wire/pages.hpp"

namespace sidespan::wire {

class page_connection;

struct page_site {
  page_site(page_settings given, page_server::callback answer, net::acceptor listening)
      : settings(std::move(given)),
        respond(std::move(answer)),
        acceptor(std::move(listening)),
        pause(acceptor.get_executor()) {}

  page_settings settings;
  page_server::callback respond;  // empty once the owner is gone
  net::acceptor acceptor;
  net::timer pause;
  std::set<page_connection*> connections;
  base::throttle complaint;
  bool stopping = false;
};

/// Serves one connection until it ends.
net::task<void> serve_pages(std::shared_ptr<page_site> site, net::tcp_socket socket);

/// Ends a connection that is idle or streaming; others see page_site::stopping when their response is out.
void stop_pages(page_connection& connection);

}  // namespace sidespan::wire
