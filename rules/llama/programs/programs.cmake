# Read after project() of the tree that is built (CMAKE_PROJECT_INCLUDE): adds the program that runs models. The tree is
# the top project, as its own users build it; some trees look for their headers there. `llama` is declared later.
if (CMAKE_CURRENT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR)
    add_executable(proof-logits EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/logits.cpp)
    set_target_properties(proof-logits PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/proof)
    target_compile_features(proof-logits PRIVATE cxx_std_17)
    target_link_libraries(proof-logits PRIVATE llama)
endif()
