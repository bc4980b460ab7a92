// SPDX-License-Identifier: MIT
// expect: slimfit: last<Count>: Count must not be negative, e.g. last<8> for a ViT's last block
#include <slimfit/freezing.hpp>

bool const active = slimfit::freezing::last<-8>::active(3, 10);
