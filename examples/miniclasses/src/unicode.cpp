#include "unicode.h"

#include <cassert>
#include <cwctype>
#include <map>
#include <regex>
#include <stdexcept>

static std::vector<std::string> unicode_byte_encoding_process(const std::vector<std::string> & bpe_words) {
    std::vector<std::string> encoded_words;
    for (const auto & word : bpe_words) {
        auto & encoded_word = encoded_words.emplace_back();
        for (const char c : word) {
            encoded_word += unicode_byte_to_utf8(c);
        }
    }
    return encoded_words;
}

// a word ends where the kind of character changes; a run of digits may be limited to n_digits
static std::vector<size_t> unicode_split_by_kind(const std::string & text, const std::vector<size_t> & offsets, size_t n_digits) {
    std::vector<size_t> bpe_offsets;

    const auto cpts = unicode_cpts_from_utf8(text);

    auto kind = [&](size_t i) {
        return iswspace(cpts[i]) ? 0 : iswdigit(cpts[i]) ? 1 : iswalpha(cpts[i]) ? 2 : 3;
    };

    size_t start = 0;
    for (const size_t offset : offsets) {
        assert(start + offset <= cpts.size());

        for (size_t i = start, first = start; i < start + offset; ++i) {
            const bool is_last = i + 1 == start + offset;

            // a single space belongs to the word behind it
            const bool joins = !is_last && (kind(i) == kind(i + 1) || (cpts[i] == ' ' && i == first));

            if (!joins || (kind(i) == 1 && i + 1 - first == n_digits)) {
                bpe_offsets.push_back(i + 1 - first);
                first = i + 1;
            }
        }
        start += offset;
    }

    return bpe_offsets;
}

static std::vector<size_t> unicode_regex_split_custom_gpt2(const std::string & text, const std::vector<size_t> & offsets) {
    return unicode_split_by_kind(text, offsets, SIZE_MAX);
}

static std::vector<size_t> unicode_regex_split_custom_llama3(const std::string & text, const std::vector<size_t> & offsets) {
    return unicode_split_by_kind(text, offsets, 3);
}

static std::vector<size_t> unicode_regex_split_stl(const std::wstring & wtext, const std::wstring & regex_expr, const std::vector<size_t> & offsets) {
    const std::wregex expr(regex_expr);

    std::vector<size_t> bpe_offsets;

    auto it = wtext.begin();
    for (const size_t offset : offsets) {
        auto done = it;
        for (std::wsregex_iterator m(it, it + offset, expr), end; m != end; ++m) {
            // what is between two matches is a word, too
            for (const size_t n : { m->prefix().length(), m->length() }) {
                if (n > 0) {
                    bpe_offsets.push_back(n);
                    done += n;
                }
            }
        }
        it += offset;
        if (done != it) {
            bpe_offsets.push_back(it - done);
        }
    }

    return bpe_offsets;
}

// splitters by hand, empty if there is none for this expression
static std::vector<size_t> unicode_regex_split_custom(const std::string & text, const std::string & regex_expr, const std::vector<size_t> & offsets) {
    std::vector<size_t> bpe_offsets;

    if (regex_expr == "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)") {
        bpe_offsets = unicode_regex_split_custom_gpt2(text, offsets);
    } else if (
            regex_expr == "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") {
        bpe_offsets = unicode_regex_split_custom_llama3(text, offsets);
    }

    return bpe_offsets;
}

//
// interface
//

size_t unicode_len_utf8(char src) {
    const uint8_t c = src;
    return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

std::string unicode_cpt_to_utf8(uint32_t cpt) {
    if (cpt < 0x80) {
        return std::string(1, (char) cpt);
    }

    std::string tail;
    uint32_t limit = 0x40; // what the first byte can hold, shrinks with each byte behind it
    do {
        tail.insert(tail.begin(), (char) (0x80 | (cpt & 0x3f)));
        cpt   >>= 6;
        limit >>= 1;
    } while (cpt >= limit);

    return (char) (~(2*limit - 1) | cpt) + tail;
}

std::vector<uint32_t> unicode_cpts_from_utf8(const std::string & utf8) {
    std::vector<uint32_t> cpts;
    for (size_t i = 0; i < utf8.size(); ) {
        const size_t len = unicode_len_utf8(utf8[i]);
        uint32_t cpt = len == 1 ? (uint8_t) utf8[i] : utf8[i] & (0x7f >> len);
        for (size_t j = 1; j < len && i + j < utf8.size(); ++j) {
            cpt = cpt << 6 | (utf8[i + j] & 0x3f);
        }
        cpts.push_back(cpt);
        i += len;
    }
    return cpts;
}

std::string unicode_byte_to_utf8(uint8_t byte) {
    // the printable bytes stand for themselves, the others move to U+0100 and up
    uint32_t n_moved = 0;
    for (uint32_t b = 0; b < 256; ++b) {
        const bool is_printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad);
        if (b == byte) {
            return unicode_cpt_to_utf8(is_printable ? b : 256 + n_moved);
        }
        n_moved += !is_printable;
    }
    return "";
}

uint8_t unicode_utf8_to_byte(const std::string & utf8) {
    static const std::map<std::string, uint8_t> bytes = [] {
        std::map<std::string, uint8_t> res;
        for (int b = 0; b < 256; ++b) {
            res[unicode_byte_to_utf8(b)] = b;
        }
        return res;
    }();
    return bytes.at(utf8);
}

std::vector<std::string> unicode_regex_split(const std::string & text, const std::vector<std::string> & regex_exprs, bool byte_encode) {
    const auto cpts = unicode_cpts_from_utf8(text);

    std::vector<size_t> bpe_offsets = { cpts.size() };

    for (const auto & regex_expr : regex_exprs) {
        auto tmp = unicode_regex_split_custom(text, regex_expr, bpe_offsets);

        if (!tmp.empty()) {
            bpe_offsets = std::move(tmp);
            continue;
        }

        const auto expr = unicode_cpts_from_utf8(regex_expr);
        bpe_offsets = unicode_regex_split_stl({ cpts.begin(), cpts.end() }, { expr.begin(), expr.end() }, bpe_offsets);
    }

    std::vector<std::string> bpe_words;

    size_t start = 0;
    for (size_t & offset : bpe_offsets) {
        auto & word = bpe_words.emplace_back();
        for (size_t i = start; i < start + offset; ++i) {
            word += unicode_cpt_to_utf8(cpts[i]);
        }
        start += offset;
    }

    if (byte_encode) {
        return unicode_byte_encoding_process(bpe_words);
    }

    return bpe_words;
}
