/* SPDX-License-Identifier: Apache-2.0 */
/* public: which addresses are of the whole Internet, and which only of this machine or its network. */
#ifndef NET_PUBLIC_H
#define NET_PUBLIC_H

#include <stdbool.h>
#include <sys/socket.h>

/** Whether it is globally reachable by the registries of special addresses (RFC 6890, as IANA keeps it):
 *  not private, loopback, link-local, shared, reserved, multicast, documentation; of IPv6 only
 *  2000::/3.  Where an IPv6 address carries one of IPv4 (mapped, 64:ff9b::/96, 6to4), that one counts. */
bool net_is_public(const struct sockaddr *a);

/** Whether it is of this machine: 127.0.0.0/8, ::1. */
bool net_is_loopback(const struct sockaddr *a);

#endif
