// SPDX-License-Identifier: MIT
// Matrix products by cuBLASLt. The algorithm is chosen once for each kind of product and remembered.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include <slimfit/backend/cuda/product_choices.hpp>
#include <slimfit/backend/cuda/product_descriptions.hpp>
#include <slimfit/backend/cuda/stopwatch.hpp>
#include <slimfit/core/matrix_product.hpp>
#include <slimfit/core/scalar.hpp>

namespace slimfit {

class matrix_products {
 public:
  /// @param handle a cuBLASLt handle of the user's, or null for one of this object's own
  /// @param workspace `workspace_bytes` bytes of device memory
  /// @throws cuda_error, file_error
  matrix_products(cublasLtHandle_t handle, void* workspace, index_t workspace_bytes, product_options const& options)
      : handle_(handle),
        workspace_(workspace),
        workspace_bytes_(static_cast<std::size_t>(workspace_bytes)),
        most_(options.timed ? most_timed : 1),
        choices_(options.timed ? options.file : std::string{}) {
    if (handle_ != nullptr) { return; }
    check(cublasLtCreate(&handle_), "cublasLtCreate");
    owned_.reset(handle_);
  }

  /// Chooses the algorithm for such a product. @return whether one was enqueued before. @throws cuda_error
  template <scalar T>
  bool prepare(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
               product_addends<T> addends) {
    if (rows == 0 || columns == 0) { return true; }
    return plan_for<T>(key_of<T>(rows, columns, inner, a, b, c, c_stride, addends)).was_enqueued;
  }
  /// Enqueues `c = a * b + addends`; see host::multiply for the operands.
  /// @throws cuda_error
  template <scalar T>
  void enqueue(cudaStream_t stream, index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c,
               index_t c_stride, product_addends<T> addends) {
    if (rows == 0 || columns == 0) { return; }
    auto& made = plan_for<T>(key_of<T>(rows, columns, inner, a, b, c, c_stride, addends));
    check(run(stream, made, a, b, c, addends), "matrix product");
    made.was_enqueued = true;
  }
  /// Times the algorithms for such a product, if there are several and nobody has: the fastest is the one from now on.
  /// `c` is written as often as it takes. @throws cuda_error, file_error
  template <scalar T>
  void choose(cudaStream_t stream, index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c,
              index_t c_stride, product_addends<T> addends) {
    if (rows == 0 || columns == 0) { return; }
    auto const kind = key_of<T>(rows, columns, inner, a, b, c, c_stride, addends);
    auto& made = plan_for<T>(kind);
    if (made.candidates.size() < 2) { return; }
    constexpr int repetitions = 3;
    stopwatch clock;
    float least = std::numeric_limits<float>::infinity();
    auto fastest = made.algorithm;
    for (auto const& candidate : made.candidates) {
      made.algorithm = candidate;
      if (run(stream, made, a, b, c, addends) != CUBLAS_STATUS_SUCCESS) { continue; }  // the first run loads its code
      clock.start(stream);
      for (int i = 0; i < repetitions; ++i) { check(run(stream, made, a, b, c, addends), "matrix product"); }
      float const took = clock.stop(stream);
      if (took < least) {
        least = took;
        fastest = candidate;
      }
    }
    made.algorithm = fastest;
    made.candidates.clear();
    choices_.add(kind.numbers(), fastest);
  }

  /// Kinds of products seen so far.
  [[nodiscard]] std::size_t cached() const { return plans_.size(); }

 private:
  /// Sizes and strides as cuBLASLt sees them; type, transpositions, epilogue, addend and alignment.
  struct key {
    std::array<index_t, 6> sizes;
    std::array<int, 6> kind;
    friend auto operator<=>(key const&, key const&) = default;
    [[nodiscard]] product_choices::kind_type numbers() const {
      product_choices::kind_type all{};
      std::copy(kind.begin(), kind.end(), std::copy(sizes.begin(), sizes.end(), all.begin()));
      return all;
    }
  };
  static constexpr int most_timed = 8;
  struct plan {
    detail::product_description description;
    detail::matrix_layout first;
    detail::matrix_layout second;
    detail::matrix_layout result;
    product_algorithm algorithm{};
    std::vector<product_algorithm> candidates{};  ///< to be timed
    bool was_enqueued = false;                    ///< the first product of a kind loads its code
  };

  /// cuBLASLt thinks in columns: the transposed product of the transposed matrices, which are the same memory.
  template <scalar T>
  static key key_of(index_t rows, index_t columns, index_t inner, operand<T> const& a, operand<T> const& b, T* c,
                    index_t c_stride, product_addends<T> const& addends) {
    return {{columns, rows, inner, b.stride, a.stride, c_stride},
            {detail::lt_types<T>::data, b.transposed ? 1 : 0, a.transposed ? 1 : 0, addends.bias != nullptr ? 1 : 0,
             addends.matrix != nullptr ? 1 : 0, alignment(a.data, b.data, c, addends.matrix)}};
  }
  /// The largest power of two up to 256 that divides all addresses.
  template <class... Pointers>
  static int alignment(Pointers... pointers) {
    auto const bits = (std::uintptr_t{256} | ... | reinterpret_cast<std::uintptr_t>(pointers));
    return static_cast<int>(bits & (~bits + 1));
  }

  template <scalar T>
  plan& plan_for(key const& wanted) {
    if (auto const found = plans_.find(wanted); found != plans_.end()) { return found->second; }
    using types = detail::lt_types<T>;
    auto const [m, n, k, first_stride, second_stride, result_stride] = wanted.sizes;
    bool const first_transposed = wanted.kind[1] != 0;
    bool const second_transposed = wanted.kind[2] != 0;
    plan made;
    cublasLtMatmulDesc_t description = nullptr;
    check(cublasLtMatmulDescCreate(&description, types::compute, types::scale), "description of a product");
    made.description.reset(description);
    auto const set = [&](cublasLtMatmulDescAttributes_t attribute, auto value) {
      check(cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof(value)), "description of a product");
    };
    set(CUBLASLT_MATMUL_DESC_TRANSA, first_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, second_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (wanted.kind[3] != 0) { set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS); }
    made.first = first_transposed ? detail::make_layout(types::data, k, m, first_stride)
                                  : detail::make_layout(types::data, m, k, first_stride);
    made.second = second_transposed ? detail::make_layout(types::data, n, k, second_stride)
                                    : detail::make_layout(types::data, k, n, second_stride);
    made.result = detail::make_layout(types::data, m, n, result_stride);

    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "preference of a product");
    detail::product_preference const owner(preference);
    auto const prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)),
            "preference of a product");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace_bytes_});
    auto const aligned = static_cast<std::uint32_t>(wanted.kind[5]);
    for (auto const attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      prefer(attribute, aligned);
    }
    if (auto const* const chosen = choices_.find(wanted.numbers()); chosen != nullptr && suits(made, *chosen)) {
      made.algorithm = *chosen;
    } else {
      ask(made, preference, n, k, m);
    }
    return plans_.emplace(wanted, std::move(made)).first->second;
  }

  /// Whether cuBLASLt takes an algorithm of a file for such a product.
  bool suits(plan const& made, product_algorithm const& algorithm) const {
    cublasLtMatmulHeuristicResult_t result{};
    return cublasLtMatmulAlgoCheck(handle_, made.description.get(), made.first.get(), made.second.get(),
                                   made.result.get(), made.result.get(), &algorithm.value,
                                   &result) == CUBLAS_STATUS_SUCCESS &&
           result.workspaceSize <= workspace_bytes_;
  }
  /// Asks for the algorithms that are expected to be best.
  void ask(plan& made, cublasLtMatmulPreference_t preference, index_t rows, index_t inner, index_t columns) const {
    std::array<cublasLtMatmulHeuristicResult_t, most_timed> best{};
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle_, made.description.get(), made.first.get(), made.second.get(),
                                         made.result.get(), made.result.get(), preference, most_, best.data(), &found),
          "algorithm of a product");
    if (found == 0) {
      throw cuda_error("slimfit: matrix product of " + std::to_string(rows) + " x " + std::to_string(inner) + " by " +
                           std::to_string(inner) + " x " + std::to_string(columns) +
                           ": cuBLASLt has no algorithm for it",
                       cudaSuccess);
    }
    made.algorithm = {best[0].algo};
    for (int i = 0; i < found && most_ > 1; ++i) {
      made.candidates.push_back({best[static_cast<std::size_t>(i)].algo});
    }
  }
  template <scalar T>
  cublasStatus_t run(cudaStream_t stream, plan const& made, operand<T> const& a, operand<T> const& b, T* c,
                     product_addends<T> const& addends) const {
    using scale_type = compute_type<T>;
    if (addends.bias != nullptr) {
      check(cublasLtMatmulDescSetAttribute(made.description.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, &addends.bias,
                                           sizeof(addends.bias)),
            "bias of a product");
    }
    scale_type const one{1};
    scale_type const beta{addends.matrix != nullptr ? scale_type{1} : scale_type{0}};
    T const* const added = addends.matrix != nullptr ? addends.matrix : c;
    return cublasLtMatmul(handle_, made.description.get(), &one, b.data, made.first.get(), a.data, made.second.get(),
                          &beta, added, made.result.get(), c, made.result.get(), &made.algorithm.value, workspace_,
                          workspace_bytes_, stream);
  }

  std::unique_ptr<cublasLtContext, detail::lt_deleter<cublasLtDestroy>> owned_;
  cublasLtHandle_t handle_;
  void* workspace_;
  std::size_t workspace_bytes_;
  int most_;  ///< algorithms of a kind that are asked for
  product_choices choices_;
  std::map<key, plan> plans_;
};

}  // namespace slimfit
