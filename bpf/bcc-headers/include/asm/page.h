/* SPDX-License-Identifier: GPL-2.0-only */
/* Only bcc's own macros for per-page maps use it; none is used here. */
#ifndef PAGE_SIZE
#define PAGE_SIZE 4096
#endif
