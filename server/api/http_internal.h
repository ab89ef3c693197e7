/* SPDX-License-Identifier: Apache-2.0 */
/* http_internal: what http.c (requests) and http_daemon.c (the daemon) share. */
#ifndef API_HTTP_INTERNAL_H
#define API_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "api/http.h"
#include "api/shares.h"

/** A request of @h has begun; NULL without memory. */
struct exchange *http_exchange_new(struct http *h, struct MHD_Connection *connection);

/** The budgets for bodies. */
struct shares *http_budget(struct http *h, enum http_budget which);

/** One more, or one fewer, that waits for another thread. */
void http_count_waiting(struct http *h, int change);

/** libmicrohttpd's access handler; @cls is the struct http. */
enum MHD_Result
http_access(void *cls, struct MHD_Connection *connection, const char *path, const char *method,
	    const char *version, const char *data, size_t *n_data, void **state);

#endif
