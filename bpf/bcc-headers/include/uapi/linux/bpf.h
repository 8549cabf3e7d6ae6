/* SPDX-License-Identifier: GPL-2.0-only */
/* bcc carries its own copy of the kernel's bpf.h. */
#include "/virtual/include/bcc/bpf.h"
