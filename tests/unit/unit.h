/* SPDX-License-Identifier: Apache-2.0 */
/* unit: what every cmocka test needs.  cmocka.h wants these four headers before it. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

#endif
