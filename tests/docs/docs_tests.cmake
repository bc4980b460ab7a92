# SPDX-License-Identifier: MIT
# The examples that the documentation quotes run, and it quotes them as they are.
add_test(NAME docs_snippets COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/docs/check_snippets.py ${CMAKE_CXX_COMPILER} --
                                    -I${slimfit_blas_include})
foreach(extension own_criterion own_format own_layer training_run)
  if(TARGET ${extension})
    add_test(NAME example_${extension} COMMAND ${extension})
  endif()
endforeach()
