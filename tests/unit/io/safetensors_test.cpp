// SPDX-License-Identifier: MIT
// safetensors: round trips, truncation at every byte, hostile headers.
#include <doctest/doctest.h>
#include <slimfit/io/safetensors.hpp>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "support/scratch_folder.hpp"

namespace sf = slimfit;
using sf::dtype;
using sf::index_t;
using sf::test::scratch_folder;

namespace {

std::string content(std::string const& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string with_header(std::string const& header, std::size_t data_bytes) {
  std::string file(8, '\0');
  auto const length = static_cast<std::uint64_t>(header.size());
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data_bytes, '\1');
}

sf::safetensors_view view(std::string const& file) {
  return {std::as_bytes(std::span<char const>(file.data(), file.size())), "test"};
}

void refuse(std::string const& header, std::size_t data_bytes) {
  CAPTURE(header);
  CHECK_THROWS_AS(static_cast<void>(view(with_header(header, data_bytes))), sf::file_error);
}

}  // namespace

TEST_CASE("every type comes back") {
  scratch_folder const folder;
  auto const path = folder.file("all.safetensors");
  std::vector<double> const f64{0.1, -1e300, std::numeric_limits<double>::infinity()};
  std::vector<float> const f32{0.1F, -0.0F, 1e-40F, 65504.0F};
  std::vector<sf::bf16> const bf16{sf::bf16(1.5F), sf::bf16(-3.0F)};
  std::vector<sf::float16> const f16{sf::float16(0.333F)};
  std::vector<std::int64_t> const i64{std::numeric_limits<std::int64_t>::min(), -1, 7};
  std::vector<std::int32_t> const i32{-5, 6};
  std::vector<std::uint8_t> const u8{0, 255, 1};
  std::vector<std::uint8_t> const flags{1, 0};
  sf::safetensors_writer writer;
  writer.add("f64", dtype::f64, {3}, f64.data());
  writer.add("f32", dtype::f32, {2, 2}, f32.data());
  writer.add("f32 as f16", dtype::f16, {4}, f32.data());
  writer.add("f32 as bf16", dtype::bf16, {4}, f32.data());
  writer.add("f32 as f64", dtype::f64, {4}, f32.data());
  writer.add("bf16", dtype::bf16, {2, 1, 1}, bf16.data());
  writer.add("f16", dtype::f16, {}, f16.data());
  writer.add("i64", dtype::i64, {3}, i64.data());
  writer.add("i32", dtype::i32, {2}, i32.data());
  writer.add("u8", dtype::u8, {3}, u8.data());
  writer.add("bool", dtype::boolean, {2}, flags.data());
  writer.add("empty", dtype::f32, {0, 5}, f32.data());
  writer.add("name \"quoted\" \\ \n \xC3\xA9", dtype::u8, {1}, u8.data());
  writer.set_metadata("format", "pt");
  writer.set_metadata("k\"ey", "v\tal");
  writer.save(path);

  sf::safetensors_file const file(path);
  CHECK(file.tensors().size() == 13);
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.metadata().at("k\"ey") == "v\tal");
  CHECK(file.contains("name \"quoted\" \\ \n \xC3\xA9"));
  CHECK_FALSE(file.contains("other"));
  CHECK(file.at("bf16").shape == std::vector<index_t>{2, 1, 1});
  for (auto const& [name, tensor] : file.tensors()) {  // aligned for its type
    auto const address = reinterpret_cast<std::uintptr_t>(tensor.bytes.data());
    CHECK(address % static_cast<std::uintptr_t>(sf::dtype_bytes(tensor.type)) == 0);
  }
  std::vector<double> doubles(4);
  file.read_into("f64", {3}, doubles.data());
  CHECK(std::equal(f64.begin(), f64.end(), doubles.begin()));
  std::vector<float> floats(4);
  file.read_into("f32", {2, 2}, floats.data());
  CHECK(std::memcmp(floats.data(), f32.data(), 16) == 0);
  file.read_into("f32 as f16", {4}, floats.data());
  CHECK(floats == std::vector<float>{static_cast<float>(sf::float16(0.1F)), -0.0F, 0.0F, 65504.0F});
  file.read_into("f32 as bf16", {4}, floats.data());
  CHECK(floats[0] == static_cast<float>(sf::bf16(0.1F)));
  file.read_into("f32 as f64", {4}, floats.data());
  CHECK(floats == f32);
  file.read_into("f64", {3}, floats.data());
  CHECK(std::isinf(floats[1]));
  file.read_into("f16", {}, doubles.data());
  CHECK(doubles[0] == static_cast<double>(static_cast<float>(sf::float16(0.333F))));
  std::vector<sf::bf16> halves(2);
  file.read_into("bf16", {2, 1, 1}, halves.data());
  CHECK(halves[1].bits == bf16[1].bits);
  file.read_into("empty", {0, 5}, static_cast<float*>(nullptr));
  std::vector<std::int64_t> wide(3);
  file.read_into("i64", {3}, wide.data());
  CHECK(wide == i64);
  file.read_into("u8", {3}, wide.data());
  CHECK(wide == std::vector<std::int64_t>{0, 255, 1});
  file.read_into("bool", {2}, wide.data());
  CHECK(wide[0] == 1);

  std::vector<std::int32_t> narrow{1, 2, 3};
  CHECK_THROWS_WITH_AS(
      file.read_into("i64", {3}, narrow.data()),
      ("slimfit: " + path + ": tensor i64, element 0 is -9223372036854775808, expected a number in range").c_str(),
      sf::file_error);
  CHECK(narrow == std::vector<std::int32_t>{1, 2, 3});
  CHECK_THROWS_WITH_AS(file.read_into("f32", {4}, floats.data()),
                       ("slimfit: " + path + ": tensor f32 has shape [2, 2], expected [4]").c_str(), sf::file_error);
  CHECK_THROWS_AS(file.read_into("f32", {2}, floats.data()), sf::file_error);
  CHECK_THROWS_AS(file.read_into("i64", {3}, floats.data()), sf::file_error);
  CHECK_THROWS_AS(file.read_into("f32", {2, 2}, wide.data()), sf::file_error);
  CHECK_THROWS_WITH_AS(
      static_cast<void>(file.at("head")),
      ("slimfit: " + path + ": tensor head is missing; there are 13 tensors, the first is bf16").c_str(),
      sf::file_error);
}

TEST_CASE("a tensor that is there under another prefix is named") {
  scratch_folder const folder;
  auto const path = folder.file("wrapped.safetensors");
  float const value = 1;
  sf::safetensors_writer writer;
  for (auto const* name : {"module.bert.a.weight", "_orig_mod.b.bias", "c.weight", "ad.bias"}) {
    writer.add(name, dtype::f32, {1}, &value);
  }
  writer.save(path);
  sf::safetensors_file const file(path);
  auto const refuses = [&](char const* name, std::string const& words) {
    CHECK_THROWS_WITH_AS(static_cast<void>(file.at(name)), doctest::Contains(words.c_str()), sf::file_error);
  };
  refuses("bert.a.weight", "tensor bert.a.weight is missing; there is module.bert.a.weight: its prefix \"module.\"");
  refuses("b.bias", "there is _orig_mod.b.bias: its prefix \"_orig_mod.\"");
  refuses("bert.c.weight", "there is c.weight, without the prefix \"bert.\"");
  refuses("d.bias", "there are 4 tensors");  // "ad.bias" is another
}

TEST_CASE("files that are something else are called what they are") {
  auto const refuses = [](std::string const& text, char const* words) {
    auto const bytes = std::as_bytes(std::span(text));
    CHECK_THROWS_WITH_AS(sf::safetensors_view(bytes, "file"), doctest::Contains(words), sf::file_error);
  };
  refuses(
      "version https://git-lfs.github.com/spec/v1\noid "
      "sha256:4665a5ea423c2713d436b5ee50593a9640e0018c1550b5a0002f74190d6caea8\n"
      "size 267835644\n",
      "file: is a git-lfs pointer, expected the file that it stands for: run git lfs pull");
  refuses("<!DOCTYPE html>\n<html><body>Not found</body></html>",
          "is a text file that begins with \"<!DOCTYPE html>\"");
  refuses("{\"error\": \"Repository not found\"}", "is a text file that begins with \"{");
  refuses("no\n", "is a text file that begins with \"no\"");
  refuses(std::string("PK\x03\x04\0\0\x08\x08archive/data.pkl", 24), "torch.save");
  refuses(std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", 20), "torch.save");
  refuses(std::string("\x01\0\0\0\0\0\0\0", 8), "header length is 1");
}

TEST_CASE("no length of a header is taken for the beginning of another file") {
  for (std::uint64_t length = 8; length < 70'000; length += 8) {
    std::string file(8, '\0');
    std::memcpy(file.data(), &length, 8);
    file += "{}" + std::string(static_cast<std::size_t>(length) - 2, ' ');
    CHECK_NOTHROW(sf::safetensors_view(std::as_bytes(std::span(file)), "file"));
  }
}

TEST_CASE("the order of adding does not matter; large tensors are written in pieces") {
  scratch_folder const folder;
  std::vector<float> const values(300'001, 0.25F);
  std::vector<std::uint8_t> const bytes{1, 2};
  sf::safetensors_writer a;
  a.add("z", dtype::f32, {300'001}, values.data());
  a.add("b", dtype::u8, {2}, bytes.data());
  sf::safetensors_writer b;
  b.add("b", dtype::u8, {2}, bytes.data());
  b.add("z", dtype::f32, {300'001}, values.data());
  a.save(folder.file("a"));
  b.save(folder.file("b"));
  CHECK(content(folder.file("a")) == content(folder.file("b")));
  std::vector<float> back(values.size());
  sf::safetensors_file(folder.file("a")).read_into("z", {300'001}, back.data());
  CHECK(back == values);
  std::uint64_t header = 0;
  std::memcpy(&header, content(folder.file("a")).data(), 8);
  CHECK(header % 8 == 0);
}

TEST_CASE("what a writer refuses") {
  scratch_folder const folder;
  sf::safetensors_writer writer;
  float const x = 1;
  std::int64_t const big = 300;
  writer.add("x", dtype::f32, {1}, &x);
  CHECK_THROWS_AS(writer.add("x", dtype::f32, {1}, &x), sf::value_error);
  CHECK_THROWS_AS(writer.add("__metadata__", dtype::f32, {1}, &x), sf::value_error);
  CHECK_THROWS_AS(writer.add("i", dtype::i64, {1}, &x), sf::value_error);
  CHECK_THROWS_AS(writer.add("u", dtype::unknown, {1}, &x), sf::value_error);
  CHECK_THROWS_AS(writer.add("n", dtype::f32, {-1}, &x), sf::value_error);
  CHECK_THROWS_AS(writer.add("o", dtype::f32, {1LL << 40, 1LL << 40}, &x), sf::value_error);
  writer.add("narrow", dtype::u8, {1}, &big);
  CHECK_THROWS_AS(writer.save(folder.file("out")), sf::value_error);
  CHECK(folder.entries() == 0);
}

TEST_CASE("a file cut anywhere, or with a byte too many, is refused") {
  scratch_folder const folder;
  std::vector<float> const values{1, 2, 3};
  sf::safetensors_writer writer;
  writer.add("a", dtype::f32, {3}, values.data());
  writer.add("b", dtype::f16, {3}, values.data());
  writer.set_metadata("k", "v");
  writer.save(folder.file("x"));
  auto const whole = content(folder.file("x"));
  CHECK_NOTHROW(static_cast<void>(view(whole)));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(static_cast<void>(view(whole.substr(0, length))), sf::file_error);
  }
  CHECK_THROWS_AS(static_cast<void>(view(whole + '\0')), sf::file_error);
  std::ofstream(folder.file("cut"), std::ios::binary) << whole.substr(0, 40);
  CHECK_THROWS_AS(sf::safetensors_file(folder.file("cut")), sf::file_error);
  CHECK_THROWS_AS(sf::safetensors_file(folder.file("missing")), sf::file_error);
  CHECK_THROWS_AS(sf::safetensors_file(folder.path.string()), sf::file_error);
  std::ofstream(folder.file("empty"), std::ios::binary).flush();
  CHECK_THROWS_AS(sf::safetensors_file(folder.file("empty")), sf::file_error);
}

TEST_CASE("hostile headers") {
  auto const tensor = [](char const* shape, char const* offsets) {
    return std::string(R"({"a":{"dtype":"F32","shape":)") + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  CHECK_NOTHROW(static_cast<void>(view(with_header(tensor("[1]", "[0,4]"), 4))));
  CHECK_NOTHROW(static_cast<void>(view(with_header(tensor("[]", "[0,4]") + "  ", 4))));
  CHECK_NOTHROW(static_cast<void>(view(with_header("{}", 0))));
  std::string huge = with_header("{}", 0);
  for (std::uint64_t const length :
       {~std::uint64_t{0}, std::uint64_t{1} << 63U, std::uint64_t{100'000'001}, std::uint64_t{3}}) {
    std::memcpy(huge.data(), &length, 8);
    CHECK_THROWS_AS(static_cast<void>(view(huge)), sf::file_error);
  }
  refuse("", 0);
  refuse(" {}", 0);
  refuse("[]", 0);
  refuse("{}x", 0);
  refuse("{", 0);
  refuse(tensor("[2]", "[0,4]"), 4);                     // length against shape
  refuse(tensor("[1]", "[0,4]"), 8);                     // bytes nobody owns
  refuse(tensor("[1]", "[4,8]"), 8);                     // gap
  refuse(tensor("[1]", "[4,0]"), 8);                     // backwards
  refuse(tensor("[1]", "[0,8]"), 4);                     // beyond the end
  refuse(tensor("[1]", "[18446744073709551612,4]"), 4);  // over 2^63
  refuse(tensor("[1]", "[-4,0]"), 4);                    // negative
  refuse(tensor("[-1]", "[0,4]"), 4);
  refuse(tensor("[4611686018427387904,4]", "[0,0]"), 0);  // the product is 0 modulo 2^64
  refuse(tensor("[4294967296,4294967296,4294967296]", "[0,0]"), 0);
  refuse(tensor("[1.0]", "[0,4]"), 4);
  refuse(tensor("[1e0]", "[0,4]"), 4);
  refuse(tensor("[01]", "[0,4]"), 4);
  refuse(tensor("[[1]]", "[0,4]"), 4);
  refuse(tensor("[1,]", "[0,4]"), 4);
  refuse(tensor("[1]", "[0]"), 4);
  refuse(tensor("[1]", "[0,4,4]"), 4);
  refuse(tensor("1", "[0,4]"), 4);
  refuse(R"({"a":{"dtype":"F32","shape":[1]}})", 4);
  refuse(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4);
  refuse(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", 4);
  refuse(R"({"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}})", 4);
  refuse(R"({"a":null})", 0);
  auto const two = [](char const* name, char const* offsets) {
    return std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},")") + name +
           R"(":{"dtype":"U8","shape":[4],"data_offsets":)" + offsets + "}}";
  };
  CHECK_NOTHROW(static_cast<void>(view(with_header(two("b", "[4,8]"), 8))));
  refuse(two("b", "[0,4]"), 4);  // the same bytes twice
  refuse(two("b", "[2,6]"), 6);  // overlap
  refuse(two("a", "[4,8]"), 8);  // the same name twice
  refuse(two("\\u0061", "[4,8]"), 8);
  refuse(R"({"__metadata__":{"k":1}})", 0);
  refuse(R"({"__metadata__":{"k":{}}})", 0);
  refuse(R"({"__metadata__":{"k":"v","k":"w"}})", 0);
  refuse(R"({"__metadata__":{},"__metadata__":{}})", 0);
  refuse("{\"__metadata__\":{\"k\":\"line\nbreak\"}}", 0);
  for (char const* text : {"\\x", "\\u12", "\\u12G4", "\\ud800", "\\ud800\\u0041", "\\udc00", "\\"}) {
    refuse(std::string(R"({"__metadata__":{"k":")") + text + "\"}}", 0);
  }
  auto const file = with_header(R"({"__metadata__":{"k":"\u00e9\ud83d\ude00\/\n"}})", 0);
  CHECK(view(file).metadata().at("k") == "\xC3\xA9\xF0\x9F\x98\x80/\n");
  refuse("{\"a\":" + std::string(100'000, '['), 0);
  refuse("{\"a\":" + std::string(100'000, '{'), 0);
}

TEST_CASE("a type that is not known is refused only when it is read") {
  auto const bytes = with_header(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4);
  auto const file = view(bytes);
  CHECK(file.at("a").type == dtype::unknown);
  CHECK(file.at("a").bytes.size() == 4);
  std::vector<float> target(4);
  CHECK_THROWS_WITH_AS(file.read_into("a", {4}, target.data()),
                       "slimfit: test: tensor a has type F8_E4M3, expected F64, F32, F16 or BF16", sf::file_error);
}

TEST_CASE("a number that becomes infinite in the file's type is refused") {
  scratch_folder const folder;
  auto const path = folder.file("model");
  for (auto const& [type, number] :
       std::vector<std::pair<dtype, double>>{{dtype::f16, 65520.0}, {dtype::bf16, 3.4e38}, {dtype::f32, 1e39}}) {
    std::vector<double> const values{1.0, number, std::numeric_limits<double>::infinity()};
    sf::safetensors_writer writer;
    writer.add("x", type, {3}, values.data());
    CHECK_THROWS_WITH_AS(writer.save(path), doctest::Contains("tensor x, element 1 is "), sf::value_error);
    CHECK(folder.entries() == 0);
  }
  std::vector<double> const values{65519.0, -std::numeric_limits<double>::infinity()};
  sf::safetensors_writer writer;
  writer.add("x", dtype::f16, {2}, values.data());
  writer.save(path);
}
