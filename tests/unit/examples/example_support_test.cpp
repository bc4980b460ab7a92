// SPDX-License-Identifier: MIT
// The examples' data readers, batches and progress line.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cmath>
#include <iterator>
#include <set>

#include "examples/programs/data/batches.hpp"
#include "examples/programs/data/cifar.hpp"
#include "examples/programs/data/colour_images.hpp"
#include "examples/programs/data/grey_images.hpp"
#include "examples/programs/support/option_checks.hpp"
#include "examples/programs/support/progress.hpp"
#include "examples/programs/training/classification.hpp"
#include "support/scratch_folder.hpp"

namespace ex = examples;
using slimfit::index_t;

namespace {

struct scratch_folder : slimfit::test::scratch_folder {
  [[nodiscard]] std::string compress(char const* name, std::string const& bytes) const {
    auto const file = (path / name).string();
    gzFile const out = gzopen(file.c_str(), "wb");
    gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(out);
    return file;
  }
};

std::string words(std::initializer_list<std::uint32_t> numbers) {
  std::string bytes;
  for (auto const number : numbers) {
    for (unsigned shift = 32; shift > 0; shift -= 8) { bytes += static_cast<char>(number >> (shift - 8) & 0xFFU); }
  }
  return bytes;
}

std::string read(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

ex::labelled_images some_images(index_t count) {
  ex::labelled_images data{{count, 2, 1, {}}, {}};
  for (index_t i = 0; i < count; ++i) {
    data.images.pixels.push_back(static_cast<std::uint8_t>(i));
    data.images.pixels.push_back(255);
    data.labels.push_back(static_cast<std::uint8_t>(i));
  }
  return data;
}

using image_batches = ex::sample_batches<float, std::int32_t>;

}  // namespace

TEST_CASE("idx: plain and compressed files, every cut, every wrong number") {
  scratch_folder const folder;
  auto const images = words({0x803, 2, 2, 3}) + "abcdefghijkl";
  auto const labels = words({0x801, 2}) + std::string("\x00\x09", 2);
  for (auto const& path : {folder.write("plain", images), folder.compress("packed.gz", images)}) {
    auto const read = ex::read_idx_images(path);
    CHECK(read.count == 2);
    CHECK(read.rows == 2);
    CHECK(read.columns == 3);
    CHECK(std::string(read.pixels.begin(), read.pixels.end()) == "abcdefghijkl");
  }
  CHECK(ex::read_idx_labels(folder.compress("labels.gz", labels), 10) == std::vector<std::uint8_t>{0, 9});
  for (std::size_t length = 0; length < images.size(); ++length) {
    CHECK_THROWS_AS(ex::read_idx_images(folder.write("cut", images.substr(0, length))), slimfit::file_error);
  }
  auto const packed = read(folder.compress("whole.gz", images));
  for (std::size_t length = 0; length < packed.size(); ++length) {
    CHECK_THROWS_AS(ex::read_idx_images(folder.write("cut.gz", packed.substr(0, length))), slimfit::file_error);
  }
  CHECK_THROWS_AS(ex::read_idx_images(folder.write("long", images + "x")), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_idx_images(folder.write("labels", labels)), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_idx_images(folder.write("flat", words({0x803, 1, 0, 3}))), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_idx_images(folder.write("huge", words({0x803, ~0U, 16384, 16384}))), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_idx_images(folder.write("wide", words({0x803, ~0U, ~0U, ~0U}))), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_idx_images((folder.path / "missing").string()), slimfit::file_error);
  // What a header claims is compared with the file's size and with a limit before memory is taken for it.
  auto const refuses = [&](std::string const& path, char const* words_in_it) {
    CHECK_THROWS_WITH_AS(ex::read_idx_images(path), doctest::Contains(words_in_it), slimfit::file_error);
  };
  auto const claim = words({0x803, 1U << 20U, 1024, 1024});
  refuses(folder.write("claim", claim), "bytes, expected more for 1099511627776 bytes of data");
  refuses(folder.write("limit", words({0x803, 1025, 1024, 1024}) + std::string(2'000'000, '\0')),
          "says that it holds 1074790400 bytes of data, expected at most 1073741824");
  REQUIRE(::mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  refuses((folder.path / "pipe").string(), "expected a regular file");
  auto const nine = folder.write("nine", labels);
  CHECK_THROWS_WITH_AS(ex::read_idx_labels(nine, 9),
                       ("slimfit: " + nine + " has label 9 at position 1, expected labels below 9").c_str(),
                       slimfit::file_error);
  auto const one = folder.write("one", words({0x801, 1}) + "\x01");
  CHECK_THROWS_AS(ex::read_idx(folder.write("two", images), one, 10), slimfit::file_error);
}

TEST_CASE("Fashion-MNIST as Debian packages it" *
          doctest::skip(!std::filesystem::exists("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"))) {
  std::string const folder = "/usr/share/datasets/fashion-mnist/";
  auto const data = ex::read_idx(folder + "t10k-images-idx3-ubyte.gz", folder + "t10k-labels-idx1-ubyte.gz", 10);
  CHECK(data.images.count == 10000);
  CHECK(data.images.rows == 28);
  CHECK(data.images.columns == 28);
  std::vector<int> per_class(10);
  for (auto const label : data.labels) { ++per_class[label]; }
  CHECK(per_class == std::vector<int>(10, 1000));
}

TEST_CASE("an epoch visits every image once, in an order of its own") {
  ex::grey_images const data(some_images(50), {.mean = 0.5F, .deviation = 0.25F});
  image_batches batches(data, 2, 1, {.size = 10, .seed = 7});
  CHECK(batches.steps_per_epoch() == 5);
  std::vector<std::vector<std::int32_t>> epochs;
  for (index_t epoch = 0; epoch < 3; ++epoch) {
    auto& seen = epochs.emplace_back();
    for (index_t step = 0; step < 5; ++step) {
      auto const batch = batches.training(5 * epoch + step);
      CHECK(batch.inputs.size() == 20);
      for (std::size_t i = 0; i < 10; ++i) {
        CHECK(batch.inputs[2 * i] == doctest::Approx((static_cast<float>(batch.labels[i]) / 255.0F - 0.5F) / 0.25F));
        CHECK(batch.inputs[2 * i + 1] == 2.0F);
      }
      seen.insert(seen.end(), batch.labels.begin(), batch.labels.end());
    }
    CHECK(std::set<std::int32_t>(seen.begin(), seen.end()).size() == 50);
  }
  CHECK(epochs[0] != epochs[1]);
  CHECK(epochs[1] != epochs[2]);

  image_batches resumed(data, 2, 1, {.size = 10, .seed = 7});
  auto const batch = resumed.training(7);  // starts in the middle of epoch 1
  CHECK(std::equal(batch.labels.begin(), batch.labels.end(), epochs[1].begin() + 20));
  image_batches other(data, 2, 1, {.size = 10, .seed = 8});
  auto const different = other.training(0);
  CHECK_FALSE(std::equal(different.labels.begin(), different.labels.end(), epochs[0].begin()));
}

TEST_CASE("the shuffle is fair") {
  std::vector<int> hits(36);
  for (index_t epoch = 0; epoch < 6000; ++epoch) {
    auto const order = ex::shuffled(6, 3, epoch);
    for (std::size_t i = 0; i < 6; ++i) { ++hits[6 * i + static_cast<std::size_t>(order[i])]; }
  }
  for (int const count : hits) { CHECK(std::abs(count - 1000) < 150); }  // five standard deviations
  CHECK(ex::shuffled(0, 1, 0).empty());
  CHECK(ex::shuffled(1, 1, 0) == std::vector<index_t>{0});
}

TEST_CASE("leftovers and samples in order") {
  ex::grey_images const data(some_images(23));
  image_batches batches(data, 2, 1, {.size = 10});
  CHECK(batches.steps_per_epoch() == 2);
  CHECK(batches.batches_in_order() == 3);
  CHECK(batches.in_order(2).labels.size() == 3);
  CHECK(batches.in_order(2).labels[0] == 20);
  CHECK(batches.in_order(1).labels.size() == 10);
  CHECK(batches.in_order(3).labels.empty());
  CHECK_THROWS_AS(image_batches(data, 2, 1, {.size = 24}), slimfit::value_error);
  CHECK_THROWS_AS(image_batches(data, 2, 1, {.size = 0}), slimfit::value_error);
}

TEST_CASE("bucketed batches hold samples of about one length, and every sample once") {
  // Lengths 0 to 99 in some order; four batches of ten at a time.
  auto const order = ex::shuffled(103, 5, 0);
  auto const length = [](index_t i) { return i * 37 % 103; };
  auto const sorted = ex::bucketed(order, 10, 4, 1, 0, length);
  CHECK(std::set<index_t>(sorted.begin(), sorted.end()).size() == 103);
  CHECK(std::equal(sorted.begin() + 100, sorted.end(), order.begin() + 100));
  auto const spread = [&](std::vector<index_t> const& all) {
    index_t total = 0;
    for (std::size_t batch = 0; batch < 10; ++batch) {
      index_t least = 1000;
      index_t most = 0;
      for (std::size_t i = 0; i < 10; ++i) {
        least = std::min(least, length(all[10 * batch + i]));
        most = std::max(most, length(all[10 * batch + i]));
      }
      total += most - least;
    }
    return total;
  };
  CHECK(spread(sorted) < spread(order) / 2);
  // Samples stay in their window, and batches of a window are not left in the order of their lengths.
  CHECK(std::set<index_t>(sorted.begin(), sorted.begin() + 40) == std::set<index_t>(order.begin(), order.begin() + 40));
  CHECK(ex::bucketed(order, 10, 4, 1, 0, length) == sorted);
  CHECK(ex::bucketed(order, 10, 4, 2, 0, length) != sorted);
}

TEST_CASE("cifar: labels, planes, every cut") {
  scratch_folder const folder;
  std::string record(1, '\x03');
  for (int i = 0; i < 3072; ++i) { record += static_cast<char>(i / 1024 + 1); }
  ex::colour_images images;
  ex::read_cifar(folder.write("two", record + record), ex::cifar_10, 0, images);
  CHECK(images.labels == std::vector<std::int32_t>{3, 3});
  CHECK(images.side == 32);
  CHECK(images.pixels[0] == 1);
  CHECK(images.pixels[3071] == 3);
  ex::colour_images one;
  ex::read_cifar(folder.write("fine", "\x07" + record), ex::cifar_100, 0, one);
  CHECK(one.labels == std::vector<std::int32_t>{3});
  ex::colour_images first;
  ex::read_cifar(folder.write("first", record + record), ex::cifar_10, 1, first);
  CHECK(first.count() == 1);
  for (auto const length : {std::size_t{0}, std::size_t{1}, std::size_t{3072}}) {
    CHECK_THROWS_AS(ex::read_cifar(folder.write("cut", record.substr(0, length)), ex::cifar_10, 0, one),
                    slimfit::file_error);
  }
  record[0] = '\x0a';
  CHECK_THROWS_WITH_AS(ex::read_cifar(folder.write("label", record), ex::cifar_10, 0, one),
                       doctest::Contains("label 10 in record 0, expected labels below 10"), slimfit::file_error);
}

TEST_CASE("images are enlarged as by PyTorch") {
  // torch.nn.functional.interpolate(torch.tensor([[0., 3.]])[None], size=5, mode="linear", align_corners=False)
  auto const line = ex::bilinear(2, 5);
  std::vector<float> values;
  for (auto const& each : line) {
    values.push_back(3 *
                     (static_cast<float>(each.low) * (1 - each.share) + static_cast<float>(each.high) * each.share));
  }
  std::vector<float> const expected{0, 0.3F, 1.5F, 2.7F, 3};
  for (std::size_t i = 0; i < 5; ++i) { CHECK(values[i] == doctest::Approx(expected[i])); }
  ex::colour_images images{2, {0, 255, 0, 255, 0, 0, 0, 0, 255, 255, 255, 255}, {4}};
  ex::resized_images const large(std::move(images), 4);
  std::vector<float> pixels(48);
  std::int32_t label = 0;
  large.fill(0, 0, pixels.data(), &label);
  CHECK(label == 4);
  CHECK(pixels[0] == doctest::Approx((0 - 0.485F) / 0.229F));
  CHECK(pixels[1] == doctest::Approx((0.25F - 0.485F) / 0.229F));
  CHECK(pixels[3] == doctest::Approx((1 - 0.485F) / 0.229F));
  CHECK(pixels[16] == doctest::Approx((0 - 0.456F) / 0.224F));
  CHECK(pixels[47] == doctest::Approx((1 - 0.406F) / 0.225F));
}

TEST_CASE("class scores are judged by the best and by cross-entropy") {
  std::vector<float> const scores{1, 2, 0, 5, 5, 0};
  CHECK(ex::best_classes(scores, 3) == std::vector<std::int32_t>{1, 0});  // the lowest of equals
  auto const metrics = ex::classification_judge({1, 1}, 3)(scores);
  CHECK(metrics.at("accuracy") == 0.5);
  double const first = std::log(std::exp(1.0) + std::exp(2.0) + 1) - 2;
  double const second = std::log(2 * std::exp(5.0) + 1) - 5;
  CHECK(metrics.at("loss") == doctest::Approx((first + second) / 2));
}

TEST_CASE("scores that are no numbers are not judged: the first sample that has one is named") {
  for (float const none : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity()}) {
    for (std::size_t const at : {2U, 3U, 5U}) {
      std::vector<float> scores{1, 2, 0, 5, 5, 0};
      scores[at] = none;
      auto const words = doctest::Contains(("score of test sample " + std::to_string(at / 3) + " is ").c_str());
      CHECK_THROWS_WITH_AS(static_cast<void>(ex::best_classes(scores, 3)), words, slimfit::value_error);
      CHECK_THROWS_WITH_AS(static_cast<void>(ex::classification_judge({1, 1}, 3)(scores)), words, slimfit::value_error);
    }
  }
}

TEST_CASE("the progress line") {
  CHECK(ex::clock_text(59.9) == "0:59");
  CHECK(ex::clock_text(3723) == "1:02:03");
  CHECK(ex::progress_line(60, 120, 20, 32, "images", 10, {0.5, 0.75, 3 * slimfit::MiB}) ==
        "[############............] 60/120  loss 0.5000  accuracy  75.0 %  128 images/s  3.0 MiB  0:15 left");
  CHECK(ex::progress_line(0, 0, 0, 32, "images", 0, {}).find("0/0") != std::string::npos);
  auto const in_columns = [](std::size_t columns) {
    return ex::progress_line(600, 1200, 0, 64, "images", 16, {0.5, 0.75, 3 * slimfit::MiB}, columns);
  };
  CHECK(in_columns(0).size() == 101);
  CHECK(in_columns(101) == in_columns(0));
  CHECK(in_columns(79) == "[#####.....] 600/1200 loss 0.500 accuracy 75.0 % 2400 images/s 3.0 MiB 0:16");
  CHECK(in_columns(64) == "600/1200 loss 0.500 accuracy 75.0 % 2400 images/s 3.0 MiB 0:16");
  CHECK(in_columns(20) == "600/1200 loss 0.500 ");
  std::FILE* const file = std::tmpfile();
  {
    ex::progress bar(100, 8, "images", 0, 1000.0, file);
    for (index_t step = 1; step <= 100; ++step) { bar.update(step, {}); }
  }
  std::rewind(file);
  int lines = 0;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) { lines += c == '\n' ? 1 : 0; }
  std::fclose(file);
  CHECK(lines == 2);  // the first and the last, not one per step
}

TEST_CASE("numbers on command lines: a sentence for what makes no sense") {
  namespace checks = examples::checks;
  auto const problem = [](CLI::Validator const& check, std::string text) { return check(text); };
  auto const batch = checks::whole_number(1, checks::most_of_a_batch);
  for (auto const* const text : {"1", "32", "1000000"}) { CHECK(problem(batch, text) == ""); }
  for (auto const* const text : {"0", "-1", "1000001", "9223372036854775807", "99999999999999999999", "1.5", "nan", "",
                                 " 1", "1 ", "+1", "0x10", "1e3"}) {
    CAPTURE(text);
    CHECK(problem(batch, text) == std::string(text) + " is no whole number from 1 to 1000000.");
  }
  CHECK(problem(checks::whole_number(0, std::numeric_limits<std::uint64_t>::max()), "18446744073709551615") == "");
  CHECK(problem(checks::positive_to(10), "nan") == "nan is no number above 0, at most 10.");
  CHECK(problem(checks::positive_to(10), "0") == "0 is no number above 0, at most 10.");
  CHECK(problem(checks::positive_to(10), "1e-4") == "");
  CHECK(problem(checks::from_zero_to(10), "0") == "");
  for (auto const* const text : {"-0.1", "11", "inf", "-nan", "1e400", "x"}) {
    CHECK(problem(checks::from_zero_to(10), text) == std::string(text) + " is no number from 0 to 10.");
  }
  for (auto const* const text : {"0", "1", "50", "99.5"}) { CHECK(problem(checks::percentage(), text) == ""); }
  CHECK(problem(checks::percentage(), "0.95") ==
        "0.95 is no freezing rate: rates are percent of the units, as in slim:90; write 95 for a share of 0.95.");
  for (auto const* const text : {"100", "-1", "nan", "", "half", "95%"}) {
    CHECK(problem(checks::percentage(), text).find("expected percent of the units") != std::string::npos);
  }
  auto const bytes_of = [](std::string text) { return checks::bytes()(text) == "" ? text : "refused"; };
  CHECK(bytes_of("1") == "1");
  CHECK(bytes_of("8GiB") == "8589934592");
  CHECK(bytes_of("1.5 GB") == "1500000000");
  CHECK(bytes_of("2k") == "2000");
  CHECK(bytes_of("480mib") == std::to_string(480 << 20));
  CHECK(bytes_of("1PiB") == "1125899906842624");
  for (auto const* const text :
       {"0", "-1", "nan", "inf", "lots", "8 QiB", "2PiB", "1e400", "GiB", "8GiBs", "1.2.3", ""}) {
    CAPTURE(text);
    CHECK(bytes_of(text) == "refused");
  }
}
