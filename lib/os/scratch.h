/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch: bytes put aside by one run in a file without a name, so that memory stays bounded.
 *
 * The file is in the folder given and goes with the process, however that ends.  What is put aside
 * is people's data in the clear, so each piece is sealed (XSalsa20-Poly1305, crypto_secretbox) under
 * a key that only this process's memory ever holds; the nonce is the piece's place in the file, which
 * is used once.  One thread.
 */
#ifndef OS_SCRATCH_H
#define OS_SCRATCH_H

#include "base/auto.h"
#include "base/buf.h"

struct scratch; /* opaque */

/* Where a piece lies. */
struct scratch_place {
	uint64_t at;
	uint32_t n; /* bytes */
};

/** A file in the folder @dir_fd, which is not kept.  ERR_IO, ERR_FULL, ERR_NOMEM. */
int scratch_new(struct scratch **out, int dir_fd, struct err *err);
/** The same in the folder for temporary files: TMPDIR where that is an absolute path, else /var/tmp, which is
 *  no memory. */
int scratch_new_temporary(struct scratch **out, struct err *err);
void scratch_free(struct scratch *s);
AUTO_PTR(scratch_free, struct scratch);

/** Put @bytes aside.  ERR_FULL, ERR_IO, ERR_LIMIT (4 GiB), ERR_NOMEM. */
int scratch_put(struct scratch_place *out, struct scratch *s, struct span bytes, struct err *err);

/** Append the piece at @place to @out.  ERR_IO: it is not what was put there. */
int scratch_get(struct buf *out, struct scratch *s, struct scratch_place place, struct err *err);

#endif
