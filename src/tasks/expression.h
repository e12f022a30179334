/* expression.h: polynomials and words in the variables x, y, z, w, compiled once and evaluated for every input. */
#pragma once

#include "symsweep/fail.h"
#include "symsweep/run.h"

typedef enum sw_expression_grammar {
    SW_EXPRESSION_POLYNOMIAL, /* integers, + - * / and ^ with an exponent of 0 or more */
    SW_EXPRESSION_WORD        /* * and ^ with an integer, which may be negative */
} sw_expression_grammar;

typedef enum sw_expression_operator {
    SW_EXPRESSION_VARIABLE, /* value: its number */
    SW_EXPRESSION_NUMBER,   /* value: the number */
    SW_EXPRESSION_NEGATE,
    SW_EXPRESSION_POWER, /* value: the exponent */
    SW_EXPRESSION_ADD,
    SW_EXPRESSION_SUBTRACT,
    SW_EXPRESSION_MULTIPLY,
    SW_EXPRESSION_DIVIDE
} sw_expression_operator;

/* What a polynomial or a word is in postfix form. */
typedef struct sw_expression {
    int32_t operands; /* variables from x to the last that occurs */
    bool divides;
    int32_t length;
    struct {
        sw_expression_operator op;
        int32_t value;
    } code[SW_EXPRESSION_MAX];
} sw_expression;

/* SW_E_CONFIG: what was expected at which column (from 1) and what stands there, as a fault of task.expression. */
sw_status sw_expression_parse(sw_expression *out, const char *text, sw_expression_grammar grammar) SW_MUST_CHECK;

/* What operators mean: a number, an operation on one value (b: the exponent of a power) or on two. false: the result is
 * not defined. */
typedef bool (*sw_expression_meaning)(int32_t *out, sw_expression_operator op, int32_t a, int32_t b,
                                      const void *context);

/* The value at variables[operands]; false where it is not defined. */
bool sw_expression_evaluate(int32_t *out, const sw_expression *expression, const int32_t *variables,
                            sw_expression_meaning meaning, const void *context);
