# SPDX-License-Identifier: MIT
# Flags of the project's own programs; users of the library are not given any.
add_library(slimfit_program_flags INTERFACE)
target_compile_options(slimfit_program_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra> $<$<COMPILE_LANGUAGE:CXX>:-Wconversion>
  $<$<COMPILE_LANGUAGE:CXX>:-Werror> "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>")
# g++ 12 sees overlapping copies in "text" + std::string (its bug 105651).
target_compile_options(slimfit_program_flags INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
if(SLIMFIT_NATIVE)
  target_compile_options(slimfit_program_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
endif()
# Where there are many programs to link for a short run each. It warns of symbols that AddressSanitizer makes.
if(SLIMFIT_QUICK_TESTS AND NOT SLIMFIT_SANITIZE_MEMORY)
  include(CheckLinkerFlag)
  check_linker_flag(CXX -fuse-ld=gold SLIMFIT_HAS_GOLD)
  if(SLIMFIT_HAS_GOLD)
    target_link_options(slimfit_program_flags INTERFACE -fuse-ld=gold)
  endif()
endif()
if(SLIMFIT_SANITIZE_MEMORY)
  target_compile_options(slimfit_program_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(slimfit_program_flags INTERFACE -fsanitize=address,undefined)
endif()
if(SLIMFIT_SANITIZE_THREADS)
  target_compile_options(slimfit_program_flags INTERFACE -fsanitize=thread)
  target_link_options(slimfit_program_flags INTERFACE -fsanitize=thread)
endif()
