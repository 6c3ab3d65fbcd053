// SPDX-License-Identifier: Apache-2.0
//
// Finds peers that vanished without a word: a host that lost its power sends neither FIN nor RST, and whoever only
// waits for it would wait for ever. Set on listening sockets, from which accepted ones inherit it, and on upstream
// connections.
#pragma once

namespace sidespan::net {

/// TCP keep-alive: a peer that does not answer is given up after 2 minutes of silence.
void keep_alive(int socket) noexcept;

}  // namespace sidespan::net
