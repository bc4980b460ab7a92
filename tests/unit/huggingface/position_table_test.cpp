// SPDX-License-Identifier: MIT
// Position tables of another size than the model.
#include "support/huggingface_folders.hpp"

namespace sf = slimfit;
using namespace slimfit::testing::huggingface;
using sf::index_t;
using sf::test::scratch_folder;

TEST_CASE("position tables are interpolated as transformers does it") {
  sf::safetensors_file const file(fixture("dinov2") + "/model.safetensors");
  sf::safetensors_file const expected(fixture("position_tables.safetensors"));
  auto const table = read(file, "dinov2.embeddings.position_embeddings");
  for (index_t const side : {2, 5}) {
    auto const resized = sf::resized_position_table(table, 3, side, 16);
    CHECK(sf::testing::relative_error(resized, read(expected, "side" + std::to_string(side))) < 1e-6);
  }
  CHECK(sf::testing::relative_error(sf::resized_position_table(table, 3, 3, 16), table) < 1e-15);

  constexpr auto larger = [] {
    auto shape = vit_small;
    shape.image = 20;
    return shape;
  }();
  sf::host device;
  sf::vit<larger, sf::policy::eager, sf::host> net(device);
  sf::load_huggingface(net, fixture("vit"));
  sf::safetensors_file const vit_file(fixture("vit") + "/model.safetensors");
  auto const resized = sf::resized_position_table(read(vit_file, "vit.embeddings.position_embeddings"), 3, 5, 16);
  auto const& positions = net.parameters()[1].value;
  REQUIRE(static_cast<std::size_t>(positions.count()) == resized.size());
  CHECK(sf::testing::relative_error({positions.data, positions.data + positions.count()}, resized) < 1e-6);
}
