// SPDX-License-Identifier: MIT
// Work that was recorded once and is enqueued again as a whole (CUDA graphs): one launch instead of hundreds.
#pragma once

#include <memory>

#include <slimfit/backend/cuda/status.hpp>

namespace slimfit {

class recorded_work {
 public:
  /// Records what `enqueue()` puts on `stream`, without running it.
  /// @throws cuda_error, and what `enqueue` throws; the stream is usable then
  template <class Enqueue>
  recorded_work(cudaStream_t stream, Enqueue const& enqueue) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "begin of a recording");
    cudaGraph_t graph = nullptr;
    try {
      enqueue();
    } catch (...) {
      (void)cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) { (void)cudaGraphDestroy(graph); }
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "end of a recording");
    cudaGraphExec_t executable = nullptr;
    auto const status = cudaGraphInstantiate(&executable, graph, 0);
    (void)cudaGraphDestroy(graph);
    check(status, "instantiation of a recording");
    executable_.reset(executable);
  }

  /// Enqueues it. @throws cuda_error
  void replay(cudaStream_t stream) const { check(cudaGraphLaunch(executable_.get(), stream), "replay of a recording"); }

 private:
  struct destroy {
    void operator()(cudaGraphExec_t executable) const noexcept { (void)cudaGraphExecDestroy(executable); }
  };
  std::unique_ptr<CUgraphExec_st, destroy> executable_;
};

}  // namespace slimfit
