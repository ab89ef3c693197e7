/* SPDX-License-Identifier: Apache-2.0 */
/*
 * array: growing a C array of any element type.
 *
 *     struct thing *things = NULL; size_t n = 0, cap = 0;
 *     if (array_reserve((void **)&things, &cap, n + 1, sizeof *things, MAX_THINGS, err) < 0) ...
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

#include "base/err.h"

/** Make room for @need elements of @item_bytes, at most @max.  Grows by half, beyond 1 MiB by an eighth;
 *  ERR_LIMIT before any memory is taken, ERR_NOMEM.  New room is zeroed. */
int array_reserve(void **items, size_t *cap, size_t need, size_t item_bytes, size_t max,
		  struct err *err);

#endif
