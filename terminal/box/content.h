/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content: the keyed hash of an item's bytes, by which the Box knows whether it changed.
 *
 * h0 = 32 zero bytes; h(i+1) = KDF(state key, "content", h(i) ‖ KDF(state key, "content", piece
 * i)); pieces of APP_PIECE_BYTES, the last one what is left; no bytes at all: h0 of one empty
 * piece. So files of any length take one piece of memory.  Never leaves the terminal.
 */
#ifndef BOX_CONTENT_H
#define BOX_CONTENT_H

#include "base/buf.h"
#include "box/box.h"
#include "crypto/keys.h"

struct content {
	const struct device_keys *keys;
	uint64_t pieces;
	uint8_t hash[BOX_HASH_BYTES];
};

void content_init(struct content *c, const struct device_keys *keys);
/** @piece as item_reader_next() gives them. */
void content_add(struct content *c, struct span piece);
void content_final(struct content *c, uint8_t out[static BOX_HASH_BYTES]);

/* The same of bytes that come in any lengths.  Takes one piece of memory. */
struct content_flow {
	struct content content;
	struct buf piece; /* owned; begun, not full */
};

void content_flow_init(struct content_flow *f, const struct device_keys *keys);
void content_flow_clear(struct content_flow *f);
AUTO_OBJ(content_flow_clear, struct content_flow);
/** ERR_NOMEM. */
int content_flow_add(struct content_flow *f, struct span bytes, struct err *err);
void content_flow_final(struct content_flow *f, uint8_t out[static BOX_HASH_BYTES]);

/** All at once. */
void
content_of(uint8_t out[static BOX_HASH_BYTES], const struct device_keys *keys, struct span bytes);

#endif
