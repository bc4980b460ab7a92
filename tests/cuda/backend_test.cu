// SPDX-License-Identifier: MIT
// The CUDA backend itself: products against plain loops, memory, readbacks, and what happens when something is wrong.
#include <doctest/doctest.h>

#include <slimfit/backend/cuda.cuh>
#include <slimfit/kernels/bias.hpp>

#include "support/fixture.hpp"
#include "support/scratch_folder.hpp"
#include "support/second_thread.hpp"

#include <algorithm>
#include <functional>
#include <sstream>

using namespace slimfit;

namespace {

template <class T>
double number(T value) {
  return static_cast<double>(static_cast<compute_type<T>>(value));
}

/// An array on the device.
template <class T>
class device_array {
 public:
  device_array(cuda& device, std::vector<T> const& values)
      : device_(&device), memory_(device.memory(), static_cast<index_t>(values.size()), category::data) {
    device.copy(values.data(), memory_.data(), memory_.size());
  }
  [[nodiscard]] T* data() const { return memory_.data(); }
  [[nodiscard]] std::vector<T> read() const {
    std::vector<T> values(test::length(memory_.size()));
    device_->copy(memory_.data(), values.data(), memory_.size());
    return values;
  }

 private:
  cuda* device_;
  buffer<T, cuda_resource> memory_;
};

/// Products of `rows x columns x inner` with every combination of transposed operands.
template <class T>
void check_products(index_t rows, index_t columns, index_t inner, double tolerance) {
  cuda device;
  auto const fill = [](index_t count, unsigned seed) {
    std::vector<T> values(test::length(count));
    auto const draws = test::normal<float>(count, seed);
    for (std::size_t i = 0; i < values.size(); ++i) { values[i] = static_cast<T>(draws[i]); }
    return values;
  };
  auto const a = fill(rows * inner, 1);
  auto const b = fill(inner * columns, 2);
  auto const bias = fill(columns, 3);
  auto const before = fill(rows * columns, 4);
  device_array const device_a(device, a);
  device_array const device_b(device, b);
  device_array const device_bias(device, bias);
  device_array const device_before(device, before);
  for (int transposes = 0; transposes < 4; ++transposes) {
    bool const ta = (transposes & 1) != 0;
    bool const tb = (transposes & 2) != 0;
    operand<T> const left{device_a.data(), ta ? rows : inner, ta};
    operand<T> const right{device_b.data(), tb ? inner : columns, tb};
    device_array const device_product(device, before);
    device_array const device_sum(device, before);
    device_array const device_biased(device, before);
    device.multiply<T>(rows, columns, inner, left, right, device_product.data(), columns);
    device.multiply<T>(rows, columns, inner, left, right, device_sum.data(), columns, update_mode::accumulate);
    device.multiply_add<T>(rows, columns, inner, left, right, device_biased.data(), columns,
                           {device_bias.data(), device_before.data()});
    auto const product = device_product.read();
    auto const added = device_sum.read();
    auto const biased = device_biased.read();
    std::vector<double> expected(before.size());
    std::vector<double> expected_sum(before.size());
    std::vector<double> expected_biased(before.size());
    std::vector<double> actual(before.size());
    std::vector<double> actual_sum(before.size());
    std::vector<double> actual_biased(before.size());
    for (index_t i = 0; i < rows; ++i) {
      for (index_t j = 0; j < columns; ++j) {
        double sum = 0;
        for (index_t k = 0; k < inner; ++k) {
          sum += number(a[test::length(ta ? k * rows + i : i * inner + k)]) *
                 number(b[test::length(tb ? j * inner + k : k * columns + j)]);
        }
        auto const at = test::length(i * columns + j);
        expected[at] = sum;
        expected_sum[at] = sum + number(before[at]);
        expected_biased[at] = expected_sum[at] + number(bias[test::length(j)]);
        actual[at] = number(product[at]);
        actual_sum[at] = number(added[at]);
        actual_biased[at] = number(biased[at]);
      }
    }
    CHECK(test::relative_error(actual, expected) < tolerance);
    CHECK(test::relative_error(actual_sum, expected_sum) < tolerance);
    CHECK(test::relative_error(actual_biased, expected_biased) < tolerance);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("products equal plain loops", T, float, double, bf16) {
  // Float: sums of up to 200 terms, each rounded to 2^-24; bf16: the result is rounded to 2^-9.
  double const tolerance = std::is_same_v<T, bf16> ? 4e-3 : sizeof(T) == 4 ? 1e-6 : 1e-14;
  check_products<T>(64, 48, 32, tolerance);
  check_products<T>(16, 8, 200, tolerance);
  if constexpr (!std::is_same_v<T, bf16>) { check_products<T>(5, 7, 3, tolerance); }
}

TEST_CASE("algorithms of products are remembered") {
  cuda device;
  device_array<float> const a(device, std::vector<float>(64 * 64, 1.0F));
  device_array<float> const c(device, std::vector<float>(64 * 64));
  for (int i = 0; i < 3; ++i) {
    device.multiply<float>(64, 64, 64, {a.data(), 64, false}, {a.data(), 64, true}, c.data(), 64);
  }
  CHECK(c.read()[5] == 64.0F);
  CHECK(device.product_kinds() == 1);
}

TEST_CASE("algorithms of products are chosen by timing in a rehearsal, and kept in a file") {
  test::scratch_folder const folder;
  std::string const file = folder.file("products.txt");
  auto const content = [&] {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  auto const product = [](cuda& device) {
    device_array<float> const a(device, std::vector<float>(64 * 64, 1.0F));
    device_array<float> const c(device, std::vector<float>(64 * 64));
    auto const multiply = [&] {
      device.multiply<float>(64, 64, 64, {a.data(), 64, false}, {a.data(), 64, true}, c.data(), 64);
    };
    device.rehearse(multiply);
    multiply();
    return c.read()[5];
  };
  std::string chosen;
  {
    cuda device({.products = {.timed = true, .file = file}});
    CHECK(product(device) == 64.0F);
    CHECK(device.product_kinds() == 1);
    chosen = content();
    CHECK(std::count(chosen.begin(), chosen.end(), '\n') == 3);  // a title, an origin, one kind
  }
  // Whatever was the fastest this time.
  auto const check_chosen_again = [&] {
    auto const again = content();
    auto const same = chosen.find(" 256 ") + 5;  // the alignment is the last number of a kind
    CHECK(again.substr(0, same) == chosen.substr(0, same));
    CHECK(std::count(again.begin(), again.end(), '\n') == 3);
    CHECK(again.find("99999 ") == std::string::npos);
  };
  {
    cuda device({.products = {.timed = true, .file = file}});
    CHECK(product(device) == 64.0F);
    CHECK(content() == chosen);
  }
  SUBCASE("choices of another device are replaced") {
    auto const origin = chosen.find('\n') + 1;
    std::ofstream(file) << chosen.substr(0, origin) << "cuBLASLt 1, another\n1 2 3\n";
    cuda device({.products = {.timed = true, .file = file}});
    CHECK(product(device) == 64.0F);
    check_chosen_again();
  }
  SUBCASE("an algorithm that cuBLASLt does not take is chosen again") {
    auto const kind = chosen.find('\n', chosen.find('\n') + 1) + 1;
    std::istringstream words(chosen.substr(kind));
    std::string line;
    for (int i = 0; i < 12; ++i) {
      std::string word;
      words >> word;
      line += word + " ";
    }
    std::ofstream(file) << chosen.substr(0, kind) << line << "99999 99999 99999 9 9 9 9 9\n";
    cuda device({.products = {.timed = true, .file = file}});
    CHECK(product(device) == 64.0F);
    check_chosen_again();
  }
  SUBCASE("files of something else are left alone") {
    std::ofstream(file) << "notes\n";
    CHECK_THROWS_WITH_AS(cuda({.products = {.timed = true, .file = file}}), doctest::Contains("begins with"),
                         file_error);
    CHECK(content() == "notes\n");
    std::ofstream(file) << chosen << "1 2\n";
    CHECK_THROWS_WITH_AS(cuda({.products = {.timed = true, .file = file}}), doctest::Contains("line 4"), file_error);
  }
  SUBCASE("without timing the file is not looked at") {
    std::ofstream(file) << "notes\n";
    cuda device({.products = {.file = file}});
    CHECK(product(device) == 64.0F);
    CHECK(content() == "notes\n");
  }
}

TEST_CASE("a user's stream and handle are used") {
  cudaStream_t stream = nullptr;
  cublasLtHandle_t handle = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  check(cublasLtCreate(&handle), "handle");
  {
    cuda device({.stream = stream, .handle = handle});
    CHECK(device.stream() == stream);
    buffer<float, cuda_resource> values(device.memory(), 256, category::data);
    std::vector<float> const ones(256, 1.0F);
    std::vector<float> back(256);
    device.copy(ones.data(), values.data(), 256);
    device_array<float> const product(device, ones);
    device.multiply<float>(16, 16, 16, {values.data(), 16, false}, {values.data(), 16, false}, product.data(), 16,
                           update_mode::accumulate);
    cuda::readback<float> result;
    result.request(device, product.data(), 256);
    device.fill_zero(values.data(), 256);
    CHECK(result.wait()[7] == 17.0F);
    device.copy(values.data(), back.data(), 256);
    CHECK(back[7] == 0.0F);
  }
  check(cublasLtDestroy(handle), "handle");
  check(cudaStreamDestroy(stream), "stream");
}

TEST_CASE("memory: the ledger counts, a budget is kept, the device's limit is an error") {
  cuda device({.budget = cuda::workspace_bytes + MiB});
  auto const& book = device.memory().book();
  CHECK(book.now()[category::workspace] == cuda::workspace_bytes);
  {
    buffer<float, cuda_resource> const weights(device.memory(), 1000, category::weights);
    CHECK(book.now()[category::weights] == 4032);
    CHECK_THROWS_WITH_AS((buffer<float, cuda_resource>(device.memory(), MiB, category::gradients)),
                         doctest::Contains("bytes for gradients"), memory_error);
    CHECK(book.now()[category::gradients] == 0);
  }
  CHECK(book.now()[category::weights] == 0);
  cuda unlimited;
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "memory of the device");
  auto const too_much = static_cast<index_t>(total) * 2;
  CHECK_THROWS_AS((buffer<std::byte, cuda_resource>(unlimited.memory(), too_much, category::weights)), memory_error);
  // Nothing is broken by it.
  buffer<float, cuda_resource> const weights(unlimited.memory(), 1000, category::weights);
  unlimited.fill_zero(weights.data(), 1000);
  unlimited.synchronize();
}

TEST_CASE("two threads at once are found, one after the other are not") {
  cuda device;
  buffer<float, cuda_resource> const memory(device.memory(), 64, category::data);
  std::vector<float> values(16);
  std::vector<std::function<void()>> const calls{
      [&] { device.fill_zero(memory.data(), 16); },
      [&] { device.copy(values.data(), memory.data(), 16); },
      [&] {
        device.launch(1, kernels::broadcast_bias<16, float>{memory.data(), nullptr, memory.data()});
      },
      [&] {
        operand<float> const each{memory.data(), 4, false};
        device.multiply(4, 4, 4, each, each, memory.data() + 32, 4);
      },
      [&] { buffer<float, cuda_resource> const more(device.memory(), 16, category::data); },
  };
  for (auto const& call : calls) {
    {
      auto const alone = device.memory().use();
      CHECK(testing::is_refused(call));
      call();
    }
    CHECK(!testing::is_refused(call));
  }
}

TEST_CASE("errors name the call and CUDA's reason") {
  CHECK_THROWS_WITH_AS(check(cudaSetDevice(1000), "choice of a device"),
                       doctest::Contains("choice of a device: cudaErrorInvalidDevice"), cuda_error);
  check(cudaGetLastError(), "nothing is left behind");
  CHECK_THROWS_WITH_AS(check(cudaErrorMemoryAllocation, "pinned memory"), doctest::Contains("pinned memory: cuda"),
                       memory_error);
  CHECK_THROWS_WITH_AS(check(CUBLAS_STATUS_ALLOC_FAILED, "a product"), doctest::Contains("CUBLAS_STATUS_ALLOC_FAILED"),
                       memory_error);
  CHECK_THROWS_WITH_AS(check(CUBLAS_STATUS_INVALID_VALUE, "a product"),
                       doctest::Contains("CUBLAS_STATUS_INVALID_VALUE"), cuda_error);
}

// Memory checkers report the access itself, rightly: run it with --no-skip.
TEST_CASE("a copy past the end of device memory is an error" * doctest::skip()) {
  cuda device;
  buffer<float, cuda_resource> const few(device.memory(), 16, category::data);
  std::vector<float> many(1 << 20);
  CHECK_THROWS_AS(device.copy(few.data(), many.data(), 1 << 20), cuda_error);
}
