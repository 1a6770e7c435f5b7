# Read after project() of the tree that is built (CMAKE_PROJECT_INCLUDE): adds the programs that run models. The tree is
# the top project, as its own users build it; some trees look for their headers there. `llama` is declared later.
if (CMAKE_CURRENT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR)
    foreach (name logits tokens models nodes)
        add_executable(proof-${name} EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/${name}.cpp)
        set_target_properties(proof-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/proof)
        target_compile_features(proof-${name} PRIVATE cxx_std_17)
        target_link_libraries(proof-${name} PRIVATE llama)
    endforeach()
endif()
