#pragma once

#include <cstdint>
#include <string>
#include <vector>

// length of a character by its first byte
size_t unicode_len_utf8(char src);

std::string unicode_cpt_to_utf8(uint32_t cpt);

std::vector<uint32_t> unicode_cpts_from_utf8(const std::string & utf8);

// GPT-2 spells every byte as a printable character
std::string unicode_byte_to_utf8(uint8_t byte);
uint8_t     unicode_utf8_to_byte(const std::string & utf8);

std::vector<std::string> unicode_regex_split(const std::string & text, const std::vector<std::string> & regex_exprs, bool byte_encode = true);
