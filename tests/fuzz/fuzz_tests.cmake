# SPDX-License-Identifier: MIT
# Readers of files that come from elsewhere, on arbitrary bytes; skipped where clang++ has no libFuzzer.
function(slimfit_add_fuzz_test TARGET SECONDS)
  add_test(NAME fuzz_${TARGET}
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run_fuzz.py
                   --seconds ${SECONDS} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${TARGET}_fuzz.cpp --
                   -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR} ${ARGN})
  set_tests_properties(fuzz_${TARGET} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

slimfit_add_fuzz_test(safetensors 3)
slimfit_add_fuzz_test(huggingface 3)
slimfit_add_fuzz_test(idx 2 -lz)
slimfit_add_fuzz_test(tokenizer 2 ${SLIMFIT_UTF8PROC})
slimfit_add_fuzz_test(tokenizer_files 2 ${SLIMFIT_UTF8PROC})
slimfit_add_fuzz_test(glue 2)
slimfit_add_fuzz_test(squad 2)
slimfit_add_fuzz_test(jpeg 2 -ljpeg -lpng)
slimfit_add_fuzz_test(cifar 2)
