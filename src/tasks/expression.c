/* expression.c: a recursive-descent parser of polynomials and words, and a stack machine for what it makes of them.
 *
 *   sum      product (+ product | - product)*
 *   product  sign (* sign | / sign)*
 *   sign     - sign | power
 *   power    atom | atom ^ exponent
 *   atom     x | y | z | w | number | ( sum )
 *
 * Words have neither sums, signs, quotients nor numbers, and exponents with a minus sign. */
#include "tasks/expression.h"

#include <stdio.h>
#include <string.h>

/* Numbers and exponents as they are written; parentheses do not nest deeper than a text is long. */
enum { NUMBER_MOST = 1000000000, EXPONENT_MOST = 1000 };

static const char variables[] = "xyzw";

typedef struct parser {
    sw_expression *out;
    const char *text, *at;
    bool word;
    sw_status status;
} parser;

static char next(parser *p) {
    while (*p->at == ' ' || *p->at == '\t') p->at++;
    return *p->at;
}

static void refuse(parser *p, const char *expected) {
    char found[48] = "the end";
    if (p->status != SW_OK) return;
    if (next(p) >= ' ' && *p->at <= '~')
        snprintf(found, sizeof found, "'%c'", *p->at);
    else if (*p->at != '\0')
        snprintf(found, sizeof found, "a character that is not allowed");
    p->status = sw_fail(SW_E_CONFIG, "task.expression: expected %s at column %d, found %s", expected,
                        (int)(p->at - p->text) + 1, found);
}

static void emit(parser *p, sw_expression_operator op, int32_t value) {
    if (p->status != SW_OK) return;
    p->out->code[p->out->length].op = op;
    p->out->code[p->out->length++].value = value;
}

/* A whole number up to `most`. */
static int32_t number(parser *p, int32_t most) {
    int64_t value = 0;
    const char *start = p->at;
    for (; *p->at >= '0' && *p->at <= '9'; p->at++)
        if (value <= most) value = 10 * value + (*p->at - '0');
    if (value > most && p->status == SW_OK)
        p->status = sw_fail(SW_E_CONFIG, "task.expression: expected at most %d at column %d, found %.*s", most,
                            (int)(start - p->text) + 1, (int)(p->at - start), start);
    return (int32_t)value;
}

static void sum(parser *p);

static void atom(parser *p) {
    const char c = next(p), *variable = c != '\0' ? strchr(variables, c) : NULL;
    if (variable != NULL) {
        const int32_t k = (int32_t)(variable - variables);
        if (p->out->operands <= k) p->out->operands = k + 1;
        p->at++;
        emit(p, SW_EXPRESSION_VARIABLE, k);
    } else if (c >= '0' && c <= '9' && !p->word) {
        emit(p, SW_EXPRESSION_NUMBER, number(p, NUMBER_MOST));
    } else if (c == '(') {
        p->at++;
        sum(p);
        if (next(p) == ')')
            p->at++;
        else
            refuse(p, "an operator or ')'");
    } else {
        refuse(p, p->word ? "x, y, z, w or '('" : "x, y, z, w, a number or '('");
    }
}

static void power(parser *p) {
    int32_t sign = 1;
    atom(p);
    if (p->status != SW_OK || next(p) != '^') return;
    p->at++;
    if (next(p) == '-' && p->word) {
        sign = -1;
        p->at++;
    }
    if (next(p) < '0' || *p->at > '9')
        refuse(p, p->word ? "a whole number as exponent" : "an exponent of 0 or more");
    else
        emit(p, SW_EXPRESSION_POWER, sign * number(p, EXPONENT_MOST));
    if (p->status == SW_OK && next(p) == '^') refuse(p, "one exponent, or parentheses around the power,");
}

static void sign(parser *p) {
    int32_t minus = 0;
    for (; next(p) == '-' && !p->word; p->at++) minus++;
    power(p);
    for (; minus > 0; minus--) emit(p, SW_EXPRESSION_NEGATE, 0);
}

static void product(parser *p) {
    sign(p);
    while (p->status == SW_OK && (next(p) == '*' || (*p->at == '/' && !p->word))) {
        const bool divides = *p->at++ == '/';
        p->out->divides = p->out->divides || divides;
        sign(p);
        emit(p, divides ? SW_EXPRESSION_DIVIDE : SW_EXPRESSION_MULTIPLY, 0);
    }
}

static void sum(parser *p) {
    product(p);
    while (p->status == SW_OK && !p->word && (next(p) == '+' || *p->at == '-')) {
        const bool plus = *p->at++ == '+';
        product(p);
        emit(p, plus ? SW_EXPRESSION_ADD : SW_EXPRESSION_SUBTRACT, 0);
    }
}

sw_status sw_expression_parse(sw_expression *out, const char *text, sw_expression_grammar grammar) {
    parser p = {.out = out, .text = text, .at = text, .word = grammar == SW_EXPRESSION_WORD, .status = SW_OK};
    memset(out, 0, sizeof *out);
    sum(&p);
    if (p.status == SW_OK && next(&p) != '\0') refuse(&p, p.word ? "*, ^ or the end" : "an operator or the end");
    if (p.status == SW_OK && out->operands == 0)
        return sw_fail(SW_E_CONFIG, "task.expression: expected at least one of the variables x, y, z, w, found none");
    return p.status;
}

bool sw_expression_evaluate(int32_t *out, const sw_expression *expression, const int32_t *operand,
                            sw_expression_meaning meaning, const void *context) {
    int32_t stack[SW_EXPRESSION_MAX];
    int32_t top = -1; /* a well-formed expression leaves one value */
    for (int32_t i = 0; i < expression->length; i++) {
        const sw_expression_operator op = expression->code[i].op;
        const int32_t value = expression->code[i].value;
        if (op == SW_EXPRESSION_VARIABLE) {
            stack[++top] = operand[value];
        } else if (op == SW_EXPRESSION_NUMBER) {
            if (!meaning(&stack[++top], op, value, 0, context)) return false;
        } else if (op == SW_EXPRESSION_NEGATE || op == SW_EXPRESSION_POWER) {
            if (!meaning(&stack[top], op, stack[top], value, context)) return false;
        } else {
            top--;
            if (!meaning(&stack[top], op, stack[top], stack[top + 1], context)) return false;
        }
    }
    *out = stack[0];
    return true;
}
