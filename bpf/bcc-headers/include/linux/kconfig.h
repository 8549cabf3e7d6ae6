/* SPDX-License-Identifier: GPL-2.0-only */
/* bcc includes this before everything else, and refuses a kernel without CONFIG_BPF_SYSCALL. */
#ifndef SIGTRACE_KCONFIG_H
#define SIGTRACE_KCONFIG_H

#define CONFIG_BPF_SYSCALL 1
/* Compared with the running kernel for kprobes only, and there are none here (bpf_prog_load, before v5.0). */
#ifndef LINUX_VERSION_CODE
#define LINUX_VERSION_CODE KERNEL_VERSION(5, 0, 0)
#endif
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))

#endif
