// SPDX-License-Identifier: MIT
// Bytes that rank 0 hands to all others over TCP, before there is anything else between them.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <slimfit/core/error.hpp>

namespace slimfit::detail {

/// A socket that is closed with this.
class tcp_socket {
 public:
  explicit tcp_socket(int number) : number_(number) {}
  tcp_socket(tcp_socket const&) = delete;
  tcp_socket& operator=(tcp_socket const&) = delete;
  ~tcp_socket() {
    if (number_ >= 0) { ::close(number_); }
  }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Hands bytes to others, or gets them, at one address.
class tcp_handing {
 public:
  /// @param address "host:port" of rank 0. @throws value_error for one that is none
  tcp_handing(std::string const& address, double seconds)
      : address_(address), end_(clock::now() + std::chrono::duration_cast<clock::duration>(wait_time(seconds))) {
    auto const colon = address.rfind(':');
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (colon == std::string::npos || colon + 1 == address.size() ||
        ::getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &wanted, &found) != 0) {
      throw value_error(slimfit::mismatch("nccl: address", address, "host:port of rank 0, e.g. 10.0.0.1:29500"));
    }
    places_.reset(found);
  }

  /// Hands `bytes` to `others` that ask. @throws communication_error when they have not within the time limit
  void give(std::span<std::byte const> bytes, int others) const {
    tcp_socket const door(::socket(places_->ai_family, SOCK_STREAM, 0));
    int const yes = 1;
    ::setsockopt(door.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(door.number(), places_->ai_addr, places_->ai_addrlen) != 0 || ::listen(door.number(), others) != 0) {
      fail("rank 0 cannot listen");
    }
    for (int given = 0; given < others; ++given) {
      wait_for(door, POLLIN, "not all other ranks have come");
      tcp_socket const other(::accept(door.number(), nullptr, nullptr));
      move(other, POLLOUT, bytes.size(), [&](std::size_t done) {
        return ::send(other.number(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      });
    }
  }
  /// Gets what rank 0 gives, which may begin later. @throws communication_error
  void get(std::span<std::byte> bytes) const {
    while (true) {
      tcp_socket const zero(::socket(places_->ai_family, SOCK_STREAM, 0));
      if (::connect(zero.number(), places_->ai_addr, places_->ai_addrlen) == 0) {
        return move(zero, POLLIN, bytes.size(), [&](std::size_t done) {
          return ::recv(zero.number(), bytes.data() + done, bytes.size() - done, 0);
        });
      }
      if (clock::now() > end_) { fail("rank 0 does not answer"); }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  using clock = std::chrono::steady_clock;
  static std::chrono::duration<double> wait_time(double seconds) { return std::chrono::duration<double>(seconds); }

  void wait_for(tcp_socket const& each, short what, char const* otherwise) const {
    auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - clock::now()).count();
    pollfd asked{each.number(), what, 0};
    if (left <= 0 || ::poll(&asked, 1, static_cast<int>(left)) <= 0) {
      errno = ETIMEDOUT;
      fail(otherwise);
    }
  }
  template <class Step>
  void move(tcp_socket const& each, short what, std::size_t bytes, Step const& step) const {
    for (std::size_t done = 0; done < bytes;) {
      wait_for(each, what, "another rank is slow");
      auto const some = step(done);
      if (some <= 0) { fail("another rank is gone"); }
      done += static_cast<std::size_t>(some);
    }
  }
  [[noreturn]] void fail(char const* what) const {
    throw communication_error(
        joined({"slimfit: nccl: start at ", address_, ": ", what, " (", std::strerror(errno), ")"}));
  }

  struct free_places {
    void operator()(addrinfo* all) const noexcept { ::freeaddrinfo(all); }
  };
  std::string address_;
  clock::time_point end_;
  std::unique_ptr<addrinfo, free_places> places_;
};

}  // namespace slimfit::detail
