// SPDX-License-Identifier: MIT
// A product, by the library whose name in small letters is the argument.
#include <slimfit/backend/host.hpp>

#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  auto const found = slimfit::host::products();
  std::printf("%s\n", name_of(found).c_str());
  slimfit::host const device;
  slimfit::index_t const n = 96;  // enough to be cut into tasks
  std::vector<float> const ones(n * n, 1.0F);
  std::vector<float> sums(n * n);
  device.multiply<float>(n, n, n, {ones.data(), n}, {ones.data(), n}, sums.data(), n);
  bool const right = sums == std::vector<float>(n * n, static_cast<float>(n));
  std::string name;
  for (char const letter : found.library) { name += static_cast<char>(letter | 0x20); }
  return right && argc == 2 && name == argv[1] ? 0 : 1;
}
