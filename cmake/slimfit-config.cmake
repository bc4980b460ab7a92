# SPDX-License-Identifier: MIT
include(${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/slimfit-targets.cmake)
