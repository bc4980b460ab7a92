// SPDX-License-Identifier: MIT
// Runs attention's kernels on the device and its reference on the host, both over the layer's layout, for comparison.
#pragma once

#include <doctest/doctest.h>
#include <slimfit/kernels/cuda/attention_engine.cuh>
#include <slimfit/stash/dense.hpp>
#include <slimfit/stash/quantized.hpp>

#include <functional>

#include "reference/attention.hpp"
#include "support/fixture.hpp"

namespace slimfit::test {

using kernels::attention_options;

/// Host data on the device.
template <class T>
class device_array {
 public:
  explicit device_array(cuda& device, std::vector<T> const& values)
      : device_(&device),
        memory_(device.memory(), std::max<index_t>(1, std::ssize(values)), category::data),
        count_(std::ssize(values)) {
    device.copy(values.data(), memory_.data(), count_);
  }
  [[nodiscard]] T* data() const { return memory_.data(); }
  [[nodiscard]] std::vector<T> read() const {
    std::vector<T> values(length(count_));
    device_->copy(static_cast<T const*>(memory_.data()), values.data(), count_);
    return values;
  }

 private:
  cuda* device_;
  buffer<T, cuda::resource_type> memory_;
  index_t count_;
};

template <class T>
std::vector<double> widened(std::vector<T> const& values) {
  std::vector<double> result;
  for (auto const& each : values) { result.push_back(static_cast<double>(static_cast<compute_type<T>>(each))); }
  return result;
}

/// Numbers from N(0, deviation^2), rounded to T.
template <class T>
std::vector<T> rounded_normal(index_t count, unsigned seed, float deviation = 1) {
  std::vector<T> result;
  for (auto const each : normal<float>(count, seed)) { result.push_back(static_cast<T>(each * deviation)); }
  return result;
}

template <class T>
struct attention_data {
  index_t sequences;
  index_t tokens;
  std::array<std::vector<T>, 3> operands;
  std::vector<T> output_gradient;
  std::vector<std::int32_t> lengths{};  ///< without padding; empty: there is none
  std::vector<std::int32_t> starts{};   ///< where padding is dropped, the first rows and the end

  /// The sequences; both arrays are read from where the caller has copied them.
  [[nodiscard]] sequence_batch batch(std::int32_t const* at_lengths, std::int32_t const* at_starts) const {
    if (!starts.empty()) { return sequence_batch::packed(sequences, tokens, tokens, starts.data(), at_starts); }
    return sequence_batch::padded(sequences, tokens, tokens, lengths.empty() ? nullptr : at_lengths);
  }
  [[nodiscard]] sequence_batch host_batch() const { return batch(lengths.data(), starts.data()); }
};

/// @param starts rows that sequences begin with, where those have several lengths
template <int Heads, int Size, class T>
attention_data<T> random_attention(index_t sequences, index_t tokens, std::vector<std::int32_t> const& starts = {}) {
  auto const count = (starts.empty() ? sequences * tokens : starts.back()) * Heads * Size;
  attention_data<T> data{sequences, tokens, {}, rounded_normal<T>(count, 9), {}, starts};
  // Sharper than independent N(0, 1) operands make it, so that rows differ.
  for (unsigned i = 0; i < 3; ++i) { data.operands[i] = rounded_normal<T>(count, i, i == 0 ? 2.0F : 1.0F); }
  return data;
}

/// Codes rows as the layer does before the backward pass, and gives the view of them on the device.
template <class Stash, class T, int Width>
struct kept_operands {
  using view_type = typename Stash::template kept<T, Width>;
  std::vector<device_array<T>> dense{};
  std::vector<device_array<std::byte>> codes{};
  std::vector<device_array<bf16>> scales{};
  std::array<view_type, 3> views{};
  std::array<std::vector<double>, 3> restored{};  ///< what the backward pass should see

  kept_operands(cuda& device, std::array<std::vector<T>, 3> const& operands) {
    for (std::size_t i = 0; i < 3; ++i) {
      auto const rows = std::ssize(operands[i]) / Width;
      if constexpr (Stash::is_dense) {
        dense.emplace_back(device, operands[i]);
        views[i].data = dense.back().data();
        restored[i] = widened(operands[i]);
      } else {
        std::vector<std::byte> bytes(length(rows * view_type::row_bytes));
        std::vector<bf16> row_scales(length(rows * view_type::row_scales));
        view_type host;
        host.codes.data = bytes.data();
        host.scales.data = row_scales.data();
        for (index_t row = 0; row < rows; ++row) {
          serial_group const lane;
          host.save(lane, row, load<Width>(lane, operands[i].data() + row * Width));
          auto const values = host.restore(lane, row);
          for (int c = 0; c < Width; ++c) {  // the products' operands are rounded to T
            restored[i].push_back(static_cast<double>(static_cast<float>(static_cast<T>(values.values[c]))));
          }
        }
        codes.emplace_back(device, bytes);
        scales.emplace_back(device, row_scales);
        views[i].codes.data = codes.back().data();
        views[i].scales.data = scales.back().data();
      }
    }
  }
};

/// What a run leaves, in the layer's layout.
struct attention_result {
  std::vector<double> output;
  std::array<std::vector<double>, 3> gradients;
  std::vector<double> kept;  ///< log-sum-exps or probabilities, decoded
  bool sums_made = false;    ///< over the rows of the gradients of queries and values
};

/// Sums over each sequence's rows are those of the rows that were written, each of which was rounded to T.
template <int Width>
void check_column_sums(std::vector<double> const& sums, std::vector<double> const& gradient,
                       sequence_batch const& batch) {
  auto const& where = batch.where();
  for (index_t sequence = 0; sequence < batch.count(); ++sequence) {
    for (index_t column = 0; column < Width; ++column) {
      double expected = 0;
      double magnitudes = 0;
      for (index_t row = where.first(sequence); row < where.first(sequence) + where.rows(sequence); ++row) {
        double const each = gradient[length(row * Width + column)];
        expected += each;
        magnitudes += std::abs(each);
      }
      CAPTURE(sequence);
      CAPTURE(column);
      double const sum = sums[length(sequence * Width + column)];
      CHECK((std::isnan(expected) ? std::isnan(sum) : std::abs(sum - expected) <= magnitudes * 0x1p-8 + 1e-6));
    }
  }
}

/// @tparam ProbabilityStash `stash::probabilities_*`, @tparam OperandStash of the backward pass
/// @tparam FromOutput whether the backward pass reads the output
template <int Heads, int Size, class ProbabilityStash, class OperandStash, class T, bool Drops = false,
          bool FromOutput = false>
attention_result run_attention(attention_data<T> const& data, attention_options const& options = {}) {
  using engine = kernels::attention_engine<cuda, Heads, Size, T>;
  using probabilities_type = typename ProbabilityStash::template kept<T>;
  cuda device;
  auto const& operands = data.operands;
  auto const& output_gradient = data.output_gradient;
  std::vector<T> const unset(output_gradient.size(), static_cast<T>(7.0F));
  device_array<std::int32_t> const lengths(device, data.lengths), starts(device, data.starts);
  auto const batch = data.batch(lengths.data(), starts.data());
  index_t const score_rows = batch.rows() * Heads;
  device_array<T> const q(device, operands[0]), k(device, operands[1]), v(device, operands[2]);
  device_array<T> const upstream(device, output_gradient), output(device, unset);
  device_array<T> const dq(device, unset), dk(device, unset), dv(device, unset);
  device_array<T> const scratch(device, std::vector<T>(length(engine::backward_scratch(batch))));

  attention_result result;
  auto const run = [&](auto& array, auto const& probabilities) {
    kept_operands<OperandStash, T, Heads * Size> const kept(device, operands);
    static_assert(engine::template reads_kept<typename decltype(kept.views)::value_type>);
    engine::template forward<Drops>(device, std::array<T*, 3>{q.data(), k.data(), v.data()}, probabilities, batch,
                                    output.data(), static_cast<T*>(nullptr), options);
    std::array<T*, 3> const gradients{dq.data(), dk.data(), dv.data()};
    if constexpr (FromOutput) {
      engine::template backward<Drops>(device, kept.views, probabilities, output.data(), upstream.data(), gradients,
                                       batch, scratch.data(), options);
    } else {
      std::vector<float> const no_sums(length(batch.count() * Heads * Size), 7.0F);
      device_array<float> const query_sums(device, no_sums), value_sums(device, no_sums);
      result.sums_made =
          engine::template backward<Drops>(device, kept.views, probabilities, upstream.data(), gradients, batch,
                                           scratch.data(), options, {query_sums.data(), value_sums.data()});
      if (result.sums_made) {
        check_column_sums<Heads * Size>(widened(query_sums.read()), widened(dq.read()), data.host_batch());
        check_column_sums<Heads * Size>(widened(value_sums.read()), widened(dv.read()), data.host_batch());
      }
    }
    result.output = widened(output.read());
    result.gradients = {widened(dq.read()), widened(dk.read()), widened(dv.read())};
    return array.read();
  };
  probabilities_type probabilities;
  if constexpr (probabilities_type::recomputes) {
    using value_type = compute_type<T>;
    device_array<value_type> array(device, std::vector<value_type>(length(score_rows), 7));
    probabilities.log_sums.data = array.data();
    result.kept = widened(run(array, probabilities));
  } else if constexpr (requires { probabilities.codes; }) {
    device_array<std::uint8_t> array(device, std::vector<std::uint8_t>(length(score_rows * batch.tokens())));
    probabilities.codes.data = array.data();
    for (auto const code : run(array, probabilities)) {
      result.kept.push_back(probabilities_type::format_type::template decode_value<double>(code));
    }
  } else {
    device_array<T> array(device, std::vector<T>(length(score_rows * batch.tokens())));
    probabilities.values.data = array.data();
    result.kept = widened(run(array, probabilities));
  }
  return result;
}

/// The reference for whole sequences, head by head. The backward pass sees `kept` operands, and probabilities as
/// `coded` keeps them, or rebuilt ones.
template <int Heads, int Size, class T>
attention_result expected_attention(attention_data<T> const& data,
                                    std::array<std::vector<double>, 3> const& kept_operands,
                                    std::function<double(double)> const& coded = {},
                                    attention_options const& options = {}) {
  auto const batch = data.host_batch();
  auto const& where = batch.where();
  auto const all = data.output_gradient.size();
  attention_result result{std::vector<double>(all), {}, {}};
  for (auto& each : result.gradients) { each.resize(all); }
  auto const original = std::array{widened(data.operands[0]), widened(data.operands[1]), widened(data.operands[2])};
  auto const upstream = widened(data.output_gradient);
  for (std::size_t head = 0; head < length(data.sequences) * Heads; ++head) {
    auto const sequence = static_cast<index_t>(head / Heads);
    auto const n = length(where.rows(sequence));
    auto const at = [&](std::size_t i) {
      return (length(where.first(sequence)) + i / Size) * Heads * Size + head % Heads * Size + i % Size;
    };
    auto const slice = [&](std::vector<double> const& from) {
      std::vector<double> values(n * Size);
      for (std::size_t i = 0; i < values.size(); ++i) { values[i] = from[at(i)]; }
      return values;
    };
    reference::head_shape shape{n, Size, length(where.keys(sequence))};
    for (std::size_t i = 0; options.dropout > 0 && i < n * n; ++i) {
      auto const element =
          static_cast<index_t>(head * length(data.tokens) + i / n) * round_up(data.tokens, 4) + length(i % n);
      bool const dropped = uniform(options.random.word(static_cast<index_t>(element))) < options.dropout;
      shape.factors.push_back(dropped ? 0 : 1 / (1 - static_cast<double>(options.dropout)));
    }
    auto const forward =
        reference::attention_forward(slice(original[0]), slice(original[1]), slice(original[2]), shape);
    auto const q = slice(kept_operands[0]);
    auto const k = slice(kept_operands[1]);
    auto probabilities = forward.probabilities;
    if (coded) {
      for (auto& each : probabilities) { each = coded(each); }
      result.kept.insert(result.kept.end(), probabilities.begin(), probabilities.end());
    } else {
      probabilities = reference::rebuilt_probabilities(q, k, forward.log_sums, shape);
      result.kept.insert(result.kept.end(), forward.log_sums.begin(), forward.log_sums.end());
    }
    auto const backward =
        reference::attention_backward(q, k, slice(kept_operands[2]), probabilities, slice(upstream), shape);
    for (std::size_t i = 0; i < n * Size; ++i) {
      result.output[at(i)] = forward.output[i];
      result.gradients[0][at(i)] = backward.query[i];
      result.gradients[1][at(i)] = backward.key[i];
      result.gradients[2][at(i)] = backward.value[i];
    }
  }
  return result;
}

/// ||a - b|| relative to ||b||, or to the length of `b` where `b` is nearly zero.
inline double distance(std::vector<double> const& a, std::vector<double> const& b) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / std::max(norm, 1e-3 * static_cast<double>(b.size())));
}

inline void check_close(attention_result const& actual, attention_result const& truth, double tolerance) {
  CHECK(distance(actual.output, truth.output) < tolerance);
  CHECK(distance(actual.kept, truth.kept) < tolerance);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(distance(actual.gradients[i], truth.gradients[i]) < tolerance);
  }
}

/// Float: three products of TF32 numbers lose about 2^-21, exponentials 2^-22. bf16: probabilities, their gradients and
/// results are rounded to 8 bits, 2^-9 each. Double: sums of 65 products, 2^-53 each.
template <class T>
inline constexpr double attention_tolerance = sizeof(T) == 2   ? 1e-2
                                              : sizeof(T) == 4 ? 1e-5
                                                               : 1e-12;

}  // namespace slimfit::test
