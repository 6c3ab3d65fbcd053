// SPDX-License-Identifier: Apache-2.0
//
// The one file that compiles Beast itself (BOOST_BEAST_SEPARATE_COMPILATION), for the pages.
#include <boost/beast/src.hpp>
