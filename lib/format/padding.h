/* SPDX-License-Identifier: Apache-2.0 */
/*
 * padding: the sizes that records, chunks and large files are filled up to, so that a size tells
 * little.
 *
 * 64, 128, 192, 256, 384, 512, 768, 1024 bytes; above that Padmé (Nikitin, Barman, Lueks,
 * Underwood, Hubaux, Ford: "Reducing Metadata Leakage from Encrypted Files and Communication with
 * PURBs", PoPETs 2019): for a length L with e = floor(log2 L) and s = floor(log2 e) + 1, L rounded
 * up to a multiple of 2^(e - s).  Costs at most 12 %, 3.1 % from 64 MiB on.
 */
#ifndef FORMAT_PADDING_H
#define FORMAT_PADDING_H

#include "base/buf.h"

#define PAD_BYTES_MIN  64u
#define PAD_TABLE_MAX  1024u
#define PAD_LENGTH_MAX (UINT64_C(1) << 62) /* no length above it is asked about */

/** The smallest published size >= @n; 64 for 0.  @n <= PAD_LENGTH_MAX. */
uint64_t pad_size(uint64_t n);

/** Whether @n is itself such a size. */
bool is_padded_size(uint64_t n);

/** Append zeros until @b, counted from @from on, has a padded size.  ERR_LIMIT, ERR_NOMEM. */
int pad_buf(struct buf *b, size_t from, struct err *err);

/** Whether all of @s is zero, as padding must be. */
bool is_all_zero(struct span s);

#endif
