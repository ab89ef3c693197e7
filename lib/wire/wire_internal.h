/* SPDX-License-Identifier: Apache-2.0 */
/* wire_internal: parts that several bodies share. */
#ifndef WIRE_WIRE_INTERNAL_H
#define WIRE_WIRE_INTERNAL_H

#include "wire/wire.h"

/** bytes32: length (4) and bytes. */
int append_bytes32(struct buf *out, struct span s, struct err *err);
/** At most @max bytes; the reader fails past it. */
struct span read_bytes32(struct reader *r, size_t max);

/** ERR_FORMAT with the name of the body. */
int bad_body(const char *what, struct err *err);

int append_device_heads(struct buf *out, const struct device_head *h, size_t n, struct err *err);
void read_log_state(struct reader *r, struct wire_log_state *s);

#endif
