// Calls the method that solution.cpp defines. This file is Assay's, and carries values only.
#include <bits/stdc++.h>
#include <fcntl.h>
#include <unistd.h>
using namespace std;

/*NODES*/

namespace assay {
using Int = int;
using Long = long long;
using Float = double;
using Bool = bool;
using String = std::string;
using Char = char;
template <class T> using List = std::vector<T>;
template <class T> using Optional = std::optional<T>;

constexpr size_t MOST_NODES = 1'000'000;

[[noreturn]] void fail(const std::string& message) {
    std::cout.flush();
    std::cerr << message << std::endl;
    std::_Exit(1);
}

// The arguments. They were checked before they came here.
struct In {
    std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    size_t at = 0;

    char next() {
        while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) at++;
        if (at == text.size()) fail("an argument is missing");
        return text[at];
    }
    bool takes(char wanted) { return next() == wanted ? (at++, true) : false; }
    bool takes_null() { return next() == 'n' ? (at += 4, true) : false; }
    std::string number() {
        next();
        size_t end = text.find_first_not_of("+-.0123456789eE", at);
        std::string found = text.substr(at, end - at);
        at += found.size();
        return found;
    }
    unsigned hex() {
        unsigned code = std::stoul(text.substr(at, 4), nullptr, 16);
        at += 4;
        return code;
    }
};

inline void put_utf8(std::string& to, unsigned code) {
    if (code < 0x80) { to += char(code); return; }
    if (code < 0x800) { to += char(0xC0 | code >> 6); }
    else if (code < 0x10000) { to += char(0xE0 | code >> 12); to += char(0x80 | (code >> 6 & 63)); }
    else {
        to += char(0xF0 | code >> 18);
        to += char(0x80 | (code >> 12 & 63));
        to += char(0x80 | (code >> 6 & 63));
    }
    to += char(0x80 | (code & 63));
}

inline std::string read_string(In& in) {
    std::string found;
    in.takes('"');
    while (in.text[in.at] != '"') {
        char c = in.text[in.at++];
        if (c != '\\') { found += c; continue; }
        c = in.text[in.at++];
        if (c == 'u') {
            unsigned code = in.hex();
            if (code >= 0xD800 && code < 0xDC00 && in.text[in.at] == '\\') {
                in.at += 2;
                code = 0x10000 + ((code - 0xD800) << 10) + (in.hex() - 0xDC00);
            }
            put_utf8(found, code);
        } else {
            size_t which = std::string("bfnrt").find(c);
            found += which == std::string::npos ? c : "\b\f\n\r\t"[which];
        }
    }
    in.at++;
    return found;
}

template <class T> struct Reader;
template <class T> T read(In& in) { return Reader<T>::read(in); }
template <> struct Reader<int> { static int read(In& in) { return std::stoi(in.number()); } };
template <> struct Reader<long long> { static long long read(In& in) { return std::stoll(in.number()); } };
template <> struct Reader<double> { static double read(In& in) { return std::strtod(in.number().c_str(), nullptr); } };
template <> struct Reader<bool> { static bool read(In& in) { bool yes = in.next() == 't'; in.at += yes ? 4 : 5; return yes; } };
template <> struct Reader<std::string> { static std::string read(In& in) { return read_string(in); } };
template <> struct Reader<char> { static char read(In& in) { return read_string(in)[0]; } };
template <class T> struct Reader<std::vector<T>> {
    static std::vector<T> read(In& in) {
        std::vector<T> found;
        in.takes('[');
        while (!in.takes(']')) { found.push_back(Reader<T>::read(in)); in.takes(','); }
        return found;
    }
};
template <class T> struct Reader<std::optional<T>> {
    static std::optional<T> read(In& in) {
        if (in.takes_null()) return std::nullopt;
        return Reader<T>::read(in);
    }
};

// The result, of whatever type it came.
struct Out {
    std::string text;

    template <class T> void put(const T& value) {
        if constexpr (std::is_same_v<T, bool>) text += value ? "true" : "false";
        else if constexpr (std::is_same_v<T, char>) put(std::string(1, value));
        else if constexpr (std::is_integral_v<T>) text += std::to_string(value);
        else if constexpr (std::is_floating_point_v<T>) put_float(value);
        else if constexpr (std::is_convertible_v<T, std::string>) put_string(value);
        else put_special(value);
    }
    template <class T> void put_special(const std::vector<T>& values) {
        text += '[';
        for (size_t at = 0; at < values.size(); at++) {
            if (at) text += ',';
            put<T>(values[at]);
        }
        text += ']';
    }
    template <class T> void put_special(const std::optional<T>& value) {
        if (value) put(*value);
        else text += "null";
    }
    void put_float(double value) {
        char digits[64];
        std::snprintf(digits, sizeof digits, "%.17g", value);
        text += std::isnan(value) ? "NaN" : std::isinf(value) ? "Infinity" : digits;
    }
    void put_string(const std::string& value) {
        text += '"';
        for (char c : value) {
            if (static_cast<unsigned char>(c) < 0x20) {
                char code[8];
                std::snprintf(code, sizeof code, "\\u%04x", c);
                text += code;
            } else {
                if (c == '"' || c == '\\') text += '\\';
                text += c;
            }
        }
        text += '"';
    }
/*NODE_WRITERS*/
    // Appending: whatever else is written there makes it two values, which is none.
    void hand_back() {
        text += '\n';
        int fd = ::open(".assay-result", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        for (size_t at = 0; at < text.size();) {
            ssize_t count = ::write(fd, text.data() + at, text.size() - at);
            if (count < 0) fail("the result could not be written");
            at += count;
        }
        ::close(fd);
    }
};

/*NODE_READERS*/
void call(In& in, Out& out);
}  // namespace assay

int main() {
    assay::In in;
    assay::Out out;
    assay::call(in, out);
    out.hand_back();
    return 0;
}

#include "solution.cpp"

void assay::call(assay::In& in, assay::Out& out) {
/*CALL*/
}
