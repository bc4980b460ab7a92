// SPDX-License-Identifier: MIT
// Pictures from files: decoded, resized and cut out as by Pillow and torchvision; folders of them; batches that threads
// make ahead.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <slimfit/io/safetensors.hpp>

#include "examples/programs/data/batches.hpp"
#include "examples/programs/data/colour_images.hpp"
#include "examples/programs/data/image_folder.hpp"
#include "examples/programs/data/preprocessor_config.hpp"

#include "support/scratch_folder.hpp"

namespace ex = examples;
using slimfit::index_t;

namespace {

std::string const folder = std::string(SLIMFIT_FIXTURES) + "/images/";
constexpr index_t side = 24;  // of make_images.py

std::string read(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
ex::rgb_image decode(std::string const& bytes) {
  return ex::decode_jpeg({reinterpret_cast<std::byte const*>(bytes.data()), bytes.size()}, "some.jpg");
}

std::vector<std::uint8_t> expected(std::string const& name, index_t width, index_t height) {
  static slimfit::safetensors_file const file(folder + "expected.safetensors");
  std::vector<std::int32_t> values(static_cast<std::size_t>(3 * width * height));
  file.read_into(name, {height, width, 3}, values.data());
  return {values.begin(), values.end()};
}

using slimfit::test::scratch_folder;

/// Three classes, 5, 4 and 3 pictures, and files that are none.
void write_pictures(scratch_folder const& scratch) {
  auto const colour = read(folder + "colour.jpeg");
  auto const grey = read(folder + "grey.jpeg");
  for (auto const* const name : {"b/2.jpg", "b/1.JPEG", "b/3.jpeg", "b/4.JPG", "a/1.jpg", "a/2.jpg", "a/3.jpg"}) {
    scratch.write(name, colour);
  }
  for (auto const* const name : {"a/0.jpg", "a/10.jpg", "c/x.jpg", "c/y.jpg", "c/z.jpg"}) { scratch.write(name, grey); }
  scratch.write("a/notes.txt", "no picture");
  scratch.write("readme.jpg", "no class");
  scratch.write("a/.1.jpg", "hidden");
  scratch.write(".ipynb_checkpoints/1.jpg", colour);
  scratch.write("__MACOSX/a/1.jpg", colour);
  scratch.write("c/.DS_Store", "hidden");
}

using picture_batches = ex::sample_batches<float, std::int32_t>;
struct batch_copy {
  std::vector<float> inputs;
  std::vector<std::int32_t> labels;
  explicit batch_copy(ex::sample_batch<float, std::int32_t> const& batch)
      : inputs(batch.inputs.begin(), batch.inputs.end()), labels(batch.labels.begin(), batch.labels.end()) {}
  friend bool operator==(batch_copy const&, batch_copy const&) = default;
};

/// Numbers that name epoch and sample; some of them fail.
class numbered_source : public ex::sample_source<float, std::int32_t> {
 public:
  explicit numbered_source(index_t count, std::set<index_t> failing = {}, std::chrono::microseconds delay = {})
      : count_(count), failing_(std::move(failing)), delay_(delay) {}
  [[nodiscard]] index_t size() const override { return count_; }
  void fill(index_t i, index_t epoch, float* inputs, std::int32_t* labels) const override {
    std::this_thread::sleep_for((i % 3) * delay_);
    if (failing_.contains(i)) { throw slimfit::file_error("sample " + std::to_string(i)); }
    *inputs = static_cast<float>(epoch);
    *labels = static_cast<std::int32_t>(i);
    ++filled;
  }
  [[nodiscard]] std::string checksum() const override { return {}; }
  mutable std::atomic<index_t> filled = 0;

 private:
  index_t count_;
  std::set<index_t> failing_;
  std::chrono::microseconds delay_;
};

}  // namespace

TEST_CASE("pictures are decoded, resized and cut out as by Pillow and torchvision") {
  struct size {
    char const* name;
    index_t width, height;
  };
  for (auto const& each :
       {size{"colour", 61, 47}, size{"full", 17, 33}, size{"half", 40, 21}, size{"progressive", 35, 35},
        size{"grey", 45, 30}, size{"inks", 24, 31}, size{"disguised", 19, 14}}) {
    std::string const name = each.name;
    CAPTURE(name);
    auto const image = ex::read_picture(folder + name + ".jpeg");
    REQUIRE(image.width == each.width);
    REQUIRE(image.height == each.height);
    CHECK(image.pixels == expected(name + ".pixels", each.width, each.height));
    index_t const shorter = ex::resized_side(side);
    using ex::resize_filter;
    CHECK(ex::central_square(image, side, shorter, resize_filter::bilinear).pixels ==
          expected(name + ".central", side, side));
    CHECK(ex::central_square(image, side, shorter, resize_filter::bicubic).pixels ==
          expected(name + ".bicubic", side, side));
    auto const part = ex::square_of(image, {{2, 3, 15, 9}, true}, side, resize_filter::bilinear);
    CHECK(part.pixels == expected(name + ".part", side, side));
  }
  CHECK(ex::resized_side(224) == 256);
  CHECK(ex::resized_side(384) == 384);
}

TEST_CASE("damaged files are refused by name") {
  auto const whole = read(folder + "colour.jpeg");
  for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
    CHECK_THROWS_WITH_AS(decode(whole.substr(0, length)), doctest::Contains("some.jpg could not be decoded"),
                         slimfit::file_error);
  }
  auto const many_scans = read(folder + "progressive.jpeg");
  for (std::size_t length = 0; length + 2 < many_scans.size(); ++length) {
    CHECK_THROWS_AS(decode(many_scans.substr(0, length)), slimfit::file_error);
  }
  index_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] = static_cast<char>(~damaged[i]);
    try {
      auto const image = decode(damaged);
      CHECK(std::ssize(image.pixels) == 3 * image.width * image.height);
    } catch (slimfit::file_error const&) { ++refused; }
  }
  CHECK(refused > 100);
  scratch_folder const scratch;
  auto const disguised = read(folder + "disguised.jpeg");
  for (std::size_t length = 0; length + 12 < disguised.size(); ++length) {
    auto const path = scratch.write("cut.jpg", disguised.substr(0, length));
    CHECK_THROWS_WITH_AS(ex::read_picture(path), doctest::Contains((path + " could not be decoded").c_str()),
                         slimfit::file_error);
  }
  CHECK_THROWS_WITH_AS(decode("\x89PNG and so on"), doctest::Contains("Not a JPEG file"), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_picture(folder + "missing.jpeg"), slimfit::file_error);
  // Height and width are two words each in the frame's header.
  auto const frame = whole.find("\xff\xc0") + 5;
  auto const with_size = [&](char const* words) { return std::string(whole).replace(frame, 4, words, 4); };
  CHECK_THROWS_WITH_AS(decode(with_size("\x40\x01\x00\x01")), doctest::Contains("has 1 x 16385 pixels, expected sides"),
                       slimfit::file_error);
  CHECK_THROWS_WITH_AS(decode(with_size("\x40\x00\x40\x00")),
                       doctest::Contains("bytes, expected more for 16384 x 16384 pixels"), slimfit::file_error);
}

TEST_CASE("preprocessor_config.json: what a model expects") {
  auto const parse = [](std::string const& text) { return ex::parse_preprocessor_config(text, "some.json"); };
  ex::preprocessing const usual;  // where there is no file
  CHECK(usual.mean == std::array{0.485F, 0.456F, 0.406F});
  CHECK(ex::evaluation_side(usual, 224) == 256);
  // google/vit-base-patch16-224
  auto const vit = parse(
      R"({"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
          "size": 224})");
  CHECK(vit.mean == std::array{0.5F, 0.5F, 0.5F});
  CHECK(vit.deviation == std::array{0.5F, 0.5F, 0.5F});
  CHECK(vit.squeezed);
  CHECK(vit.filter == ex::resize_filter::bilinear);
  // facebook/dinov2-small
  auto const dino = parse(
      R"({"crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_convert_rgb": true,
          "do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.485, 0.456, 0.406],
          "image_processor_type": "BitImageProcessor", "image_std": [0.229, 0.224, 0.225], "resample": 3,
          "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}})");
  CHECK(dino.filter == ex::resize_filter::bicubic);
  CHECK_FALSE(dino.squeezed);
  CHECK(ex::evaluation_side(dino, 56) == 64);
  CHECK(ex::evaluation_side(dino, 384) == 438);
  auto const shared =
      parse(R"({"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 300}, "crop_size": 200})");
  CHECK(ex::evaluation_side(shared, 100) == 150);
  auto const both = parse(R"({"feature_extractor_type": "DeiTFeatureExtractor", "size": 256, "crop_size": 224})");
  CHECK(both.squeezed);
  CHECK(ex::evaluation_side(both, 56) == 64);
  CHECK(parse(R"({"do_normalize": false, "image_mean": [9, 9, 9]})").deviation == std::array{1.0F, 1.0F, 1.0F});

  auto const image = ex::read_picture(folder + "colour.jpeg");
  auto centred = dino;
  centred.odd = ex::odd_margin::even;  // as torchvision, which made the fixture
  CHECK(ex::evaluation_square(image, centred, side).pixels == expected("colour.bicubic", side, side));
  CHECK(ex::evaluation_square(image, vit, side).pixels ==
        ex::square_of(image, {{0, 0, 61, 47}, false}, side, ex::resize_filter::bilinear).pixels);

  // What is written is read again.
  scratch_folder const scratch;
  for (auto const& how : {usual, vit, dino, both, shared}) {
    ex::write_preprocessor_config(how, 224, scratch.path.string());
    auto const again = ex::read_preprocessor_config(scratch.path.string());
    CHECK(again.mean == how.mean);
    CHECK(again.deviation == how.deviation);
    CHECK(again.filter == how.filter);
    CHECK(again.squeezed == how.squeezed);
    CHECK(ex::evaluation_side(again, 224) == ex::evaluation_side(how, 224));
    CHECK(again.odd == ex::odd_margin::left);
  }
  // Its readers cut odd margins in one way; where a run has evaluated in the other, it says so.
  CHECK(ex::difference_when_read(dino, 224).empty());
  CHECK(ex::difference_when_read(centred, 224).find("one pixel further to the left") != std::string::npos);
  CHECK_FALSE(ex::difference_when_read({}, 224).empty());
  CHECK_FALSE(ex::difference_when_read({}, 384).empty());  // the longer side has margins still
  CHECK(ex::difference_when_read({.squeezed = true}, 224).empty());
  CHECK(ex::difference_when_read({.resized = 256, .cropped = 224, .squeezed = true}, 224).empty());
  CHECK_FALSE(ex::difference_when_read({.resized = 227, .cropped = 224, .squeezed = true}, 224).empty());

  struct wrong {
    std::string text, message;
  };
  for (auto const& each : std::vector<wrong>{
           {"[1", "some.json is not as preprocessor_config.json is"},
           {"[1]", "some.json holds no object"},
           {R"({"do_normalize": "yes"})", "do_normalize is \"yes\", expected true or false"},
           {R"({"image_processor_type": "SwinImageProcessor"})",
            "image_processor_type is \"SwinImageProcessor\", expected ViTImageProcessor, DeiTImageProcessor"},
           {R"({"do_resize": false})", "do_resize is false, expected true"},
           {R"({"resample": 1})", "some.json: resample is 1, expected 2 (bilinear) or 3 (bicubic)"},
           {R"({"rescale_factor": 0})", "rescale_factor is 0, expected a number above 0"},
           {R"({"image_mean": [0.5, 0.5]})", "image_mean is [0.5,0.5], expected a number or three"},
           {R"({"image_std": [0.5, 0, 0.5]})", "image_std is [0.5,0,0.5], expected a number or three"},
           {R"({"size": {"height": 224, "width": 225}})", "expected equal height and width"},
           {R"({"size": {"height": 224}})", "expected equal height and width"},
           {R"({"size": 0})", "size is 0, expected 1 to 16384 pixels"},
           {R"({"size": {"shortest_edge": 300}})", "expected equal height and width, or do_center_crop"},
           {R"({"image_processor_type": "BitImageProcessor", "crop_size": 256})",
            "crop_size is 256, expected at most 224"}}) {
    CAPTURE(each.text);
    CHECK_THROWS_WITH_AS(parse(each.text), doctest::Contains(each.message.c_str()), slimfit::file_error);
  }
}

TEST_CASE("preprocessor_config.json: every form gives the reference's pixels, or is refused") {
  slimfit::safetensors_file const results(folder + "preprocessed.safetensors");
  constexpr index_t pixels = 12;  // of make_preprocessed.py
  int compared = 0;
  int refused = 0;
  for (auto const& entry : nlohmann::json::parse(read(folder + "preprocessed.json"))) {
    auto const text = entry["config"].dump();
    std::string const picture = entry["picture"];
    CAPTURE(text);
    CAPTURE(picture);
    auto const parse = [&] { return ex::parse_preprocessor_config(text, "some.json", entry["model_type"]); };
    if (entry["result"].is_null()) {
      CHECK_THROWS_WITH_AS(parse(), doctest::Contains("some.json"), slimfit::file_error);
      ++refused;
      continue;
    }
    ex::image_list list;
    list.paths = {folder + picture + ".jpeg"};
    list.labels = {0};
    std::vector<float> actual(3 * pixels * pixels);
    auto reference = actual;
    std::int32_t label = 0;
    ex::image_folder(list, {.side = pixels, .how = parse()}).fill(0, 0, actual.data(), &label);
    results.read_into(entry["result"], {3, pixels, pixels}, reference.data());
    CHECK(actual == reference);
    ++compared;
  }
  CHECK(compared > 30);
  CHECK(refused > 10);
}

TEST_CASE("PNG files are read as by Pillow, whatever they say of gamma, profiles and transparency") {
  slimfit::safetensors_file const results(folder + "png.safetensors");
  for (auto const& named : results.tensors()) {
    auto const& name = named.first;
    auto const& tensor = named.second;
    CAPTURE(name);
    std::vector<std::int32_t> values(static_cast<std::size_t>(tensor.shape[0] * tensor.shape[1] * 3));
    results.read_into(name, tensor.shape, values.data());
    auto const image = ex::read_picture(folder + name.substr(0, name.find('.')) + ".png");
    CHECK(image.pixels == std::vector<std::uint8_t>(values.begin(), values.end()));
  }
  CHECK(results.tensors().size() == 16);
  CHECK_THROWS_WITH_AS(ex::read_picture(folder + "deep_grey.png"), doctest::Contains("grey in 16 bits"),
                       slimfit::file_error);
}

TEST_CASE("random parts") {
  std::set<index_t> lefts;
  double area = 0;
  int mirrored = 0;
  constexpr int draws = 4000;
  for (index_t sample = 0; sample < draws; ++sample) {
    auto const view = ex::draw_view(500, 375, 1, 0, sample);
    auto const& part = view.part;
    CHECK((part.left >= 0 && part.top >= 0 && part.left + part.width <= 500 && part.top + part.height <= 375));
    double const share = static_cast<double>(part.width * part.height) / (500 * 375);
    double const ratio = static_cast<double>(part.width) / static_cast<double>(part.height);
    CHECK((share > 0.078 && share <= 1 && ratio > 0.73 && ratio < 1.36));
    lefts.insert(part.left);
    area += share / draws;
    mirrored += view.mirrored ? 1 : 0;
  }
  // torchvision.transforms.RandomResizedCrop.get_params on a picture of this size: 0.434 of its area on average.
  CHECK(area == doctest::Approx(0.434).epsilon(0.04));
  CHECK(std::abs(mirrored - draws / 2) < 160);  // five standard deviations
  CHECK(lefts.size() > 200);
  auto const view = ex::draw_view(500, 375, 1, 2, 3);
  CHECK(ex::draw_view(500, 375, 1, 2, 3).part == view.part);
  CHECK(ex::draw_view(500, 375, 2, 2, 3).part != view.part);
  CHECK(ex::draw_view(500, 375, 1, 3, 3).part != view.part);
  CHECK(ex::draw_view(500, 375, 1, 2, 4).part != view.part);
  // No part of 8 % fits: the middle of as much as the ratios allow.
  CHECK(ex::draw_view(3000, 3, 1, 0, 0).part == ex::rectangle{1498, 0, 4, 3});
  CHECK(ex::draw_view(1, 3000, 1, 0, 0).part == ex::rectangle{0, 1499, 1, 1});
}

TEST_CASE("long and thin pictures cost no more than others") {
  ex::rgb_image const line{16384, 1, std::vector<std::uint8_t>(3 * 16384, 7)};
  auto const square = ex::central_square(line, 384, 384, ex::resize_filter::bicubic);
  CHECK(square.pixels == std::vector<std::uint8_t>(3 * 384 * 384, 7));
}

TEST_CASE("folders are classes, sorted by name") {
  scratch_folder const scratch;
  write_pictures(scratch);
  auto const list = ex::list_images(scratch.path);
  CHECK(list.classes == std::vector<std::string>{"a", "b", "c"});
  CHECK(list.labels == std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2});
  CHECK(list.paths[2] == (scratch.path / "a/10.jpg").string());
  CHECK(list.paths[5] == (scratch.path / "b/1.JPEG").string());
  std::vector<std::string> left_out;
  for (auto const* const name :
       {".ipynb_checkpoints", "__MACOSX", "a/.1.jpg", "a/notes.txt", "c/.DS_Store", "readme.jpg"}) {
    left_out.push_back((scratch.path / name).string());
  }
  CHECK(list.left_out == left_out);
  CHECK(ex::left_out_text(list) == "6 files or folders are left out: hidden, or no pictures *.jpg or *.jpeg, e.g. " +
                                       (scratch.path / ".ipynb_checkpoints").string());
  CHECK(ex::spread(list, 4).labels == std::vector<std::int32_t>{0, 0, 1, 2});
  CHECK(ex::spread(list, 4).paths[1] == list.paths[3]);
  CHECK(ex::spread(list, 0).count() == 12);
  CHECK(ex::spread(list, 13).count() == 12);

  ex::image_folder const source(list, {.side = side});
  std::vector<float> inputs(3 * side * side);
  std::int32_t label = -1;
  source.fill(6, 0, inputs.data(), &label);
  CHECK(label == 1);
  auto const bytes = expected("colour.central", side, side);
  for (std::size_t const i : {0U, 5U, 575U}) {
    CHECK(inputs[i] == doctest::Approx((static_cast<float>(bytes[3 * i]) / 255 - 0.485F) / 0.229F));
    CHECK(inputs[1152 + i] == doctest::Approx((static_cast<float>(bytes[3 * i + 2]) / 255 - 0.406F) / 0.225F));
  }

  CHECK_THROWS_WITH_AS(ex::list_images(scratch.path / "none"), doctest::Contains("none could not be read"),
                       slimfit::file_error);
  CHECK_THROWS_WITH_AS(ex::list_images(scratch.path / "a"), doctest::Contains("has no folders of classes"),
                       slimfit::file_error);
  std::filesystem::create_directory(scratch.path / "bare");
  CHECK_THROWS_WITH_AS(ex::list_images(scratch.path), doctest::Contains("bare has no files *.jpg or *.jpeg"),
                       slimfit::file_error);
}

TEST_CASE("the checksum of samples depends on all that is done to pictures") {
  scratch_folder const scratch;
  write_pictures(scratch);
  auto const list = ex::list_images(scratch.path);
  ex::colour_images const small{
      .side = 2, .pixels = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}, .labels = {std::int32_t{3}}};
  std::vector<std::array<std::string, 2>> sums;
  auto const add = [&](index_t pixels, auto const& change) {
    ex::preprocessing how;
    change(how);
    sums.push_back({ex::image_folder(list, {.side = pixels, .how = how}).checksum(),
                    ex::resized_images(small, pixels, how).checksum()});
  };
  add(side, [](auto& /*how*/) {});
  add(side + 1, [](auto& /*how*/) {});
  add(side, [](auto& how) { how.mean[2] = 0.5F; });
  add(side, [](auto& how) { how.deviation[0] = 0.5F; });
  add(side, [](auto& how) { how.scale = 1; });
  add(side, [](auto& how) { how.filter = ex::resize_filter::bicubic; });
  add(side, [](auto& how) { how.resized = 32; });
  add(side, [](auto& how) { how.cropped = 32; });
  add(side, [](auto& how) { how.squeezed = true; });
  add(side, [](auto& how) { how.odd = ex::odd_margin::left; });
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (std::size_t other = 0; other < i; ++other) {
      CAPTURE(i);
      CAPTURE(other);
      CHECK(sums[i][0] != sums[other][0]);
      CHECK(sums[i][1] != sums[other][1]);
    }
  }
}

TEST_CASE("batches are the same with any number of threads") {
  scratch_folder const scratch;
  write_pictures(scratch);
  ex::image_folder const source(ex::list_images(scratch.path), {.side = side, .random = true, .seed = 5});
  std::vector<batch_copy> batches;
  for (int const threads : {0, 1, 4}) {
    CAPTURE(threads);
    picture_batches made(source, 3 * side * side, 1, {.size = 5, .seed = 5, .threads = threads});
    for (index_t step = 0; step < 6; ++step) {
      batch_copy const batch(made.training(step));
      if (threads == 0) { batches.push_back(batch); }
      CHECK(batch == batches[static_cast<std::size_t>(step)]);
    }
    CHECK(batch_copy(made.training(3)) == batches[3]);  // back, as after a resume
    CHECK(batch_copy(made.training(1)) == batches[1]);
    CHECK(batch_copy(made.training(2)) == batches[2]);
    CHECK(made.batches_in_order() == 3);
    CHECK(made.in_order(0).labels[0] == 0);
    CHECK(made.in_order(1).labels[0] == 1);
    CHECK(made.in_order(2).labels.size() == 2);
    CHECK(made.in_order(3).labels.empty());
  }
  // A sample looks different in each epoch, and each seed.
  std::vector<float> first(3 * side * side);
  auto second = first;
  std::int32_t label = 0;
  source.fill(0, 0, first.data(), &label);
  source.fill(0, 1, second.data(), &label);
  CHECK(first != second);
}

TEST_CASE("what a source throws is thrown by the batch it belongs to") {
  numbered_source const source(40, {17, 13, 12}, std::chrono::microseconds(200));
  for (int const threads : {0, 1, 4}) {
    CAPTURE(threads);
    picture_batches batches(source, 1, 1, {.size = 10, .threads = threads});
    CHECK(batches.in_order(0).labels[9] == 9);
    CHECK_THROWS_WITH_AS(batches.in_order(1), "sample 12", slimfit::file_error);
    CHECK(batches.in_order(2).labels[0] == 20);
    CHECK_THROWS_WITH_AS(batches.in_order(1), "sample 12", slimfit::file_error);
  }
  scratch_folder const scratch;
  write_pictures(scratch);
  auto const cut = scratch.write("b/2.jpg", read(folder + "colour.jpeg").substr(0, 900));
  ex::image_folder const pictures(ex::list_images(scratch.path), {.side = side});
  picture_batches batches(pictures, 3 * side * side, 1, {.size = 12, .threads = 2});
  CHECK_THROWS_WITH_AS(batches.training(0), doctest::Contains(cut.c_str()), slimfit::file_error);
}

TEST_CASE("threads work ahead, but only so far, and stop in the middle") {
  numbered_source const source(1000);
  picture_batches batches(source, 1, 1, {.size = 10, .threads = 2});
  batches.training(0);
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (source.filled < 30 && std::chrono::steady_clock::now() < deadline) { std::this_thread::yield(); }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(source.filled == 30);  // the batch in use and two more
  for (index_t step = 1; step < 100; ++step) { CHECK(batches.training(step).inputs[0] == 0); }
  CHECK(batches.training(100).inputs[0] == 1);

  numbered_source const slow(100, {}, std::chrono::milliseconds(2));
  for (index_t steps = 0; steps < 4; ++steps) {
    picture_batches stopped(slow, 1, 1, {.size = 10, .threads = 3});
    for (index_t step = 0; step < steps; ++step) { stopped.training(step); }
  }
  CHECK(slow.filled < 4 * 50);
}
