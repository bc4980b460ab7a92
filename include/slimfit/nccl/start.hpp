// SPDX-License-Identifier: MIT
// How the ranks of NCCL find each other: rank 0 makes a name for the job, which the others must get. By a file, over
// TCP, or from another communicator, e.g. MPI's.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <span>
#include <thread>

#include <nccl.h>
#include <slimfit/communication/communicator.hpp>
#include <slimfit/nccl/launched_rank.hpp>
#include <slimfit/nccl/tcp.hpp>

namespace slimfit {

/// What a rank joins the others with; for one communicator.
struct nccl_start {
  ncclUniqueId id{};  ///< of the job, as NCCL has made it on rank 0
  int rank = 0;
  int size = 1;
  std::filesystem::path file{};  ///< that rank 0 removes when all have begun; empty: none
};

namespace detail {
/// @throws communication_error where NCCL makes none
inline ncclUniqueId new_nccl_id() {
  ncclUniqueId id{};
  if (auto const result = ncclGetUniqueId(&id); result != ncclSuccess) {
    throw communication_error(joined({"slimfit: nccl: ncclGetUniqueId: ", ncclGetErrorString(result)}));
  }
  return id;
}
inline nccl_start checked_start(launched_rank const& self) {
  if (self.size < 1 || self.rank < 0 || self.rank >= self.size) {
    raise_mismatch<value_error>("nccl: rank", self.rank, {"at least 0 and less than the ", self.size, " ranks"});
  }
  return {{}, self.rank, self.size, {}};
}
}  // namespace detail

/// By a file that all ranks see and that must not exist before; it is removed when all have begun.
/// @param time_limit seconds to wait for rank 0
/// @throws file_error where it exists or cannot be written, communication_error where rank 0 does not write it in time
inline nccl_start start_by_file(std::filesystem::path const& path, launched_rank const& self = find_launched_rank(),
                                double time_limit = 300) {
  auto start = detail::checked_start(self);
  start.file = path;
  auto const bytes = std::as_writable_bytes(std::span(start.id.internal));
  auto* const text = reinterpret_cast<char*>(bytes.data());
  auto const count = static_cast<std::streamsize>(bytes.size());
  if (self.rank == 0) {
    if (std::filesystem::exists(path)) {
      throw file_error(slimfit::mismatch("nccl: file to start by", path.string(),
                                         "one that does not exist yet: remove what another run has left"));
    }
    start.id = detail::new_nccl_id();
    auto part = path;
    part += ".part";
    if (!std::ofstream(part, std::ios::binary).write(text, count).flush()) {
      throw file_error(joined({"slimfit: nccl: ", part.string(), ": cannot be written"}));
    }
    std::filesystem::rename(part, path);  // so that nobody reads half of it
    return start;
  }
  auto const begin = std::chrono::steady_clock::now();
  while (!std::ifstream(path, std::ios::binary).read(text, count)) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > time_limit) {
      throw communication_error(joined({"slimfit: nccl: rank 0 has not written ", path.string(), " in time"}));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return start;
}

/// Over TCP.
/// @param address "host:port" at which rank 0 listens until all others have come
/// @throws value_error, communication_error
inline nccl_start start_by_tcp(std::string const& address, launched_rank const& self = find_launched_rank(),
                               double time_limit = 300) {
  auto start = detail::checked_start(self);
  detail::tcp_handing const handing(address, time_limit);
  auto const bytes = std::as_writable_bytes(std::span(start.id.internal));
  if (self.rank == 0) {
    start.id = detail::new_nccl_id();
    handing.give(bytes, self.size - 1);
  } else {
    handing.get(bytes);
  }
  return start;
}

/// From ranks that can talk already, in host memory: the same ones, e.g. `mpi<>`. @throws communication_error
template <communicator Ranks>
nccl_start start_by(Ranks ranks) {
  auto start = detail::checked_start({ranks.rank(), ranks.size(), 0});
  if (ranks.rank() == 0) { start.id = detail::new_nccl_id(); }
  ranks.broadcast(std::as_writable_bytes(std::span(start.id.internal)), 0);
  return start;
}

}  // namespace slimfit
