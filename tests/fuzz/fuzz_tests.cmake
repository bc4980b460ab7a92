# SPDX-License-Identifier: MIT
# Readers of files that come from elsewhere, on arbitrary bytes; skipped where clang++ has no libFuzzer.
foreach(target safetensors huggingface idx jpeg)
  add_test(NAME fuzz_${target}
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run_fuzz.py
                   ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${target}_fuzz.cpp --
                   -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR} -lz -ljpeg -lpng)
  set_tests_properties(fuzz_${target} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
