/* SPDX-License-Identifier: Apache-2.0 */
/* server_info: the answer to GET /v1/server, in JSON: who the server is and what it takes. */
#ifndef WIRE_SERVER_INFO_H
#define WIRE_SERVER_INFO_H

#include "base/buf.h"

#define SERVER_INFO_BYTES_MAX 8192

struct server_info {
	char name[128];   /* the operator's; may be empty */
	char version[32]; /* of cloudboxd */
	bool suite_1;     /* it takes suite 1 */
	uint64_t unix_ms; /* its clock */
	/* limits */
	uint32_t batch_bytes;
	uint32_t batch_records;
	uint32_t chunk_bytes;
	uint32_t have_ids;
	uint32_t devices;
	uint32_t folders;
};

/** The limits of the formats (docs/formats/README.md), suite 1. */
void server_info_default(struct server_info *out);

int server_info_print(struct buf *out, const struct server_info *i, struct err *err);
/** ERR_SYNTAX.  Unknown members are passed by; absent limits are the default ones. */
int server_info_parse(struct server_info *out, struct span json, struct err *err);

#endif
