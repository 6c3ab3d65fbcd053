// SPDX-License-Identifier: Apache-2.0
//
// The coroutine type of everything that waits, and the socket type it waits on. Both name the concrete executor of a
// shard's io_context, which spares a virtual call and an allocation per operation compared with any_io_executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sidespan::net {

namespace asio = boost::asio;
using error_code = boost::system::error_code;
using executor = asio::io_context::executor_type;

template <class T = void>
using task = asio::awaitable<T, executor>;

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_endpoint = asio::ip::tcp::endpoint;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

inline constexpr asio::use_awaitable_t<executor> use_task{};

/// Completion token: the operation is awaited, its error lands in `ec` instead of being thrown.
inline auto into(error_code& ec) { return asio::redirect_error(use_task, ec); }

}  // namespace sidespan::net
