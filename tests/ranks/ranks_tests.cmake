# SPDX-License-Identifier: MIT
# One program, run by 1 to 4 ranks of this machine, and what becomes of ranks when one of them dies.
if(NOT TARGET slimfit_mpi)
  add_test(NAME ranks COMMAND ${CMAKE_COMMAND} -E echo "skipped: slimfit::mpi is left out: ${slimfit_missing_mpi}")
  set_tests_properties(ranks PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:" LABELS computing)
  return()
endif()

add_executable(ranks_test ranks/main.cpp ranks/ranks_test.cpp ranks/agreement_test.cpp ranks/tree_test.cpp
               ranks/exchange_test.cpp ranks/slices_test.cpp)
set_target_properties(ranks_test PROPERTIES UNITY_BUILD OFF)  # its files use the same names
# More ranks than processors, as any user, without the kernel's copies between processes that containers forbid.
set(SLIMFIT_MPI_SETTINGS OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
    OMPI_MCA_btl_vader_single_copy_mechanism=none OPENBLAS_NUM_THREADS=1)
if(SLIMFIT_SANITIZE_THREADS)
  slimfit_set_up_test(ranks_test)
  target_link_libraries(ranks_test PRIVATE slimfit::mpi)
  target_compile_options(ranks_test PRIVATE -O1)
  add_test(NAME ranks_test COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2 $<TARGET_FILE:ranks_test>)
  set_tests_properties(ranks_test PROPERTIES LABELS computing TIMEOUT 180 ENVIRONMENT
    "${SLIMFIT_MPI_SETTINGS};TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/support/thread_sanitizer.supp")
  return()
endif()
add_executable(ranks_that_fail ranks/ranks_that_fail.cpp)
add_executable(ranks_that_resume ranks/ranks_that_resume.cpp)
add_executable(ranks_traffic_test ranks/main.cpp ranks/traffic_test.cpp)
set_target_properties(ranks_traffic_test PROPERTIES UNITY_BUILD OFF)
foreach(program ranks_test ranks_traffic_test ranks_that_fail ranks_that_resume)
  slimfit_set_up_test(${program})
  target_link_libraries(${program} PRIVATE slimfit::mpi)
  target_compile_options(${program} PRIVATE -O1)
  add_dependencies(computing_tests ${program})
endforeach()
foreach(count 1 2 3 4)
  add_test(NAME ranks_${count} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${count} $<TARGET_FILE:ranks_test>)
  list(APPEND ranks_tests ranks_${count})
endforeach()
add_test(NAME ranks_traffic COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} 2 $<TARGET_FILE:ranks_traffic_test>)
list(APPEND ranks_tests ranks_traffic)
add_test(NAME ranks_that_fail COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/ranks/fail_test.py ${MPIEXEC_EXECUTABLE}
                                      $<TARGET_FILE:ranks_that_fail>)
# A few of the moments that `kill_test.py MPIRUN PROGRAM 20` tries.
add_test(NAME ranks_that_resume COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/ranks/kill_test.py ${MPIEXEC_EXECUTABLE}
                                        $<TARGET_FILE:ranks_that_resume> 4)
set_tests_properties(${ranks_tests} ranks_that_fail ranks_that_resume PROPERTIES LABELS computing ENVIRONMENT "${SLIMFIT_MPI_SETTINGS}"
                                                               TIMEOUT 180)

# The programs on several ranks.
if(TARGET finetune_vit AND "bert_tiny" IN_LIST SLIMFIT_BERT_MODELS AND "vit_tiny_colour" IN_LIST SLIMFIT_VIT_MODELS
   AND "fixed_tree" IN_LIST SLIMFIT_RANK_ORDERS)
  foreach(name ImagesOnRanks PicturesOnRanks.test_damaged_picture TextsOnRanks StepsOnRanks)
    add_test(NAME ranks_${name} COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/ranks/programs_test.py
                                        ${MPIEXEC_EXECUTABLE} ${name})
    set_tests_properties(ranks_${name} PROPERTIES LABELS computing TIMEOUT 300 ENVIRONMENT
      "${SLIMFIT_MPI_SETTINGS};FINETUNE_VIT=$<TARGET_FILE:finetune_vit>;FINETUNE_BERT=$<TARGET_FILE:finetune_bert>;SLIMFIT_STEP=$<TARGET_FILE:slimfit_step>")
  endforeach()
endif()
