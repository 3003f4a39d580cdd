/* getter: the shape of functions that tell one thing about a device. Each exported name stands in full where GETTER is used. */
#pragma once

#include "sim/node/reading.h"
#include "sim/nvml/call.h"
#include "sim/nvml/exports.h"

/* `read(call, target, ret_value)` says the rest. */
#define GETTER(name, type, read)                                                                                                           \
        EXPORT nvmlReturn_t name(nvmlDevice_t device, type *value) {                                                                       \
                CALL(name);                                                                                                                \
                struct target t;                                                                                                           \
                TRY(call_device(&call, device, TARGET_ANY, &t));                                                                           \
                if (!value)                                                                                                                \
                        return NVML_ERROR_INVALID_ARGUMENT;                                                                                \
                return read(&call, &t, value);                                                                                             \
        }

/* `read(call, target, text)` fills a buffer of GETTER_TEXT_MAX bytes. */
#define GETTER_TEXT_MAX 128
#define GETTER_TEXT(name, read)                                                                                                            \
        EXPORT nvmlReturn_t name(nvmlDevice_t device, char *buffer, unsigned int length) {                                                 \
                CALL(name);                                                                                                                \
                struct target t;                                                                                                           \
                char text[GETTER_TEXT_MAX];                                                                                                \
                TRY(call_device(&call, device, TARGET_ANY, &t));                                                                           \
                TRY(read(&call, &t, text));                                                                                                \
                return call_text(text, buffer, length);                                                                                    \
        }

/* Of a struct that carries its version: does the caller mean the one that we fill? */
#define TRY_VERSION(pointer, type, number)                                                                                                 \
        do {                                                                                                                               \
                if (!(pointer))                                                                                                            \
                        return NVML_ERROR_INVALID_ARGUMENT;                                                                                \
                if ((pointer)->version != NVML_VERSION(type, number))                                                                      \
                        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;                                                                       \
        } while (0)

/* The board that a device is or lies on, and what its sensors show now. */
static inline const struct board *getter_board(const struct target *t) {
        return board_of(node_model(t->at));
}

static inline struct reading getter_now(const struct call *call, const struct target *t) {
        struct reading r;
        reading_gpu(call->node, t->gpu, call->now_us, &r);
        return r;
}

/* NVML_DEVICE_ARCH_*, of the GPU that a device is or lies on. */
unsigned getter_architecture(const struct target *t);
