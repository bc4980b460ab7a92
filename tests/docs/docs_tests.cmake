# SPDX-License-Identifier: MIT
# The examples run, and the documentation quotes them as they are.
add_test(NAME docs_snippets COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/docs/check_snippets.py ${CMAKE_CXX_COMPILER} --
                                    -I${slimfit_blas_include})
foreach(example first_model own_block own_criterion own_format own_layer own_loop plan_and_budget training_run)
  if(TARGET ${example})
    add_test(NAME example_${example} COMMAND ${example})
  endif()
endforeach()
add_test(NAME docs_site COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/docs/check_site.py)
set_tests_properties(docs_site PROPERTIES SKIP_RETURN_CODE 77)
if(TARGET several_ranks)
  add_test(NAME example_several_ranks COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2 $<TARGET_FILE:several_ranks> 2)
  set_tests_properties(example_several_ranks PROPERTIES ENVIRONMENT "${SLIMFIT_MPI_SETTINGS}" PASS_REGULAR_EXPRESSION
                                                        "plan == ledger")
endif()
