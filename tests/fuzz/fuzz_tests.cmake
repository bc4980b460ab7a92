# SPDX-License-Identifier: MIT
# Readers of files that come from elsewhere, on arbitrary bytes; skipped where clang++ has no libFuzzer.
set(SLIMFIT_FUZZ_LIBRARIES_idx -lz)
set(SLIMFIT_FUZZ_LIBRARIES_tokenizer ${SLIMFIT_UTF8PROC})
set(SLIMFIT_FUZZ_LIBRARIES_tokenizer_files ${SLIMFIT_UTF8PROC})
foreach(target safetensors huggingface idx tokenizer tokenizer_files glue cifar)
  add_test(NAME fuzz_${target}
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run_fuzz.py
                   ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${target}_fuzz.cpp --
                   -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR} ${SLIMFIT_FUZZ_LIBRARIES_${target}})
  set_tests_properties(fuzz_${target} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
