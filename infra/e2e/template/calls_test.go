package template

import (
	"cmp"
	"go/types"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
	"golang.org/x/tools/go/types/typeutil"
)

// need is an action that code calls and what it acts on: "table", "index due",
// "queue", "POST connections".
type need struct{ action, on string }

// needs finds what each function's program can call, by its folder. Only our own
// packages are read as source; what others call of ours, they call through their
// own interfaces.
var needs = sync.OnceValues(func() (map[string][]need, error) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: root}, "./functions/...", "./shared/...")
	if err != nil {
		return nil, err
	}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
	}
	prog, built := ssautil.Packages(pkgs, ssa.InstantiateGenerics)
	prog.Build()
	all := map[string][]need{}
	for _, p := range built {
		if folder, ok := strings.CutPrefix(p.Pkg.Path(), ours+"functions/"); ok {
			w := newWalk(prog)
			w.reach(p.Func("init"))
			w.reach(p.Func("main"))
			w.run()
			all[folder] = w.needs()
		}
	}
	return all, nil
})

// ours is what the paths of our packages begin with.
const ours = "gleaner/"

// walk finds the functions that can run: rapid type analysis (Bacon and Sweeney),
// where a method called through an interface is that of every type that is
// somewhere put into an interface. Unlike the library's it leaves out that
// reflection could call every exported method of such a type, which would make
// the whole store reachable from everywhere. A function whose value is taken
// counts as called, which covers the handlers given to the Lambda runtime; and so
// does every method of a foreign interface that something of ours is put into.
type walk struct {
	prog    *ssa.Program
	reached map[*ssa.Function]bool
	todo    []*ssa.Function
	msets   typeutil.MethodSetCache
	types   typeutil.Map             // put into an interface
	having  map[string][]types.Type  // those types, by the names of their methods
	invoked map[string][]*types.Func // methods called through interfaces, by name
	known   map[*types.Func]bool     // the same
}

func newWalk(prog *ssa.Program) *walk {
	return &walk{
		prog: prog, reached: map[*ssa.Function]bool{}, having: map[string][]types.Type{},
		invoked: map[string][]*types.Func{}, known: map[*types.Func]bool{},
	}
}

func (w *walk) reach(f *ssa.Function) {
	if f != nil && !w.reached[f] {
		w.reached[f] = true
		w.todo = append(w.todo, f)
	}
}

func (w *walk) run() {
	for len(w.todo) > 0 {
		f := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		for _, b := range f.Blocks {
			for _, i := range b.Instrs {
				w.instruction(i)
			}
		}
	}
}

func (w *walk) instruction(i ssa.Instruction) {
	switch i := i.(type) {
	case *ssa.MakeInterface:
		w.convert(i.X.Type())
		w.hand(i.Type())
	case *ssa.ChangeInterface:
		w.hand(i.Type())
	}
	if c, ok := i.(ssa.CallInstruction); ok && c.Common().IsInvoke() {
		w.invoke(c.Common().Method)
	}
	var operands [16]*ssa.Value
	for _, o := range i.Operands(operands[:0]) {
		if f, ok := (*o).(*ssa.Function); ok {
			w.reach(f)
		}
	}
}

// convert notes a type whose values are put into interfaces.
func (w *walk) convert(t types.Type) {
	if types.IsInterface(t) || w.types.At(t) != nil {
		return
	}
	w.types.Set(t, true)
	set := w.msets.MethodSet(t)
	for s := range set.Methods() {
		name := s.Obj().Name()
		w.having[name] = append(w.having[name], t)
		for _, m := range w.invoked[name] {
			w.match(t, m)
		}
	}
}

// hand notes that others may call a value of ours through this interface.
func (w *walk) hand(t types.Type) {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || strings.HasPrefix(n.Obj().Pkg().Path()+"/", ours) {
		return
	}
	for m := range n.Underlying().(*types.Interface).Methods() {
		w.invoke(m)
	}
}

func (w *walk) invoke(m *types.Func) {
	if w.known[m] {
		return
	}
	w.known[m] = true
	w.invoked[m.Name()] = append(w.invoked[m.Name()], m)
	for _, t := range w.having[m.Name()] {
		w.match(t, m)
	}
}

// match reaches the method of t that a call of the interface method m runs.
func (w *walk) match(t types.Type, m *types.Func) {
	s := w.msets.MethodSet(t).Lookup(m.Pkg(), m.Name())
	if s == nil {
		return
	}
	iface, ok := m.Signature().Recv().Type().Underlying().(*types.Interface)
	if ok && !types.Implements(t, iface) {
		return
	}
	w.reach(w.prog.MethodValue(s))
}

// needs lists what our own code among the reached functions asks of AWS.
func (w *walk) needs() []need {
	set := map[need]bool{}
	transacts, writes := false, map[string]bool{}
	for f := range w.reached {
		if f.Pkg == nil || !strings.HasPrefix(f.Pkg.Pkg.Path(), ours) {
			continue
		}
		queries, index := false, ""
		for _, b := range f.Blocks {
			for _, i := range b.Instrs {
				switch i := i.(type) {
				case *ssa.Alloc:
					queries = queries || strings.HasSuffix(i.Type().String(), "dynamodb.QueryInput")
				case *ssa.Store:
					switch owner, field := fieldOf(i.Addr); {
					case owner == "types.TransactWriteItem":
						writes[field] = true
					case owner == "dynamodb.QueryInput" && field == "IndexName":
						index = "index " + constant(i.Val)
					}
				case ssa.CallInstruction:
					call := operation(i)
					transacts = transacts || call == "dynamodb.TransactWriteItems"
					if n, ok := actions[call]; ok {
						set[n] = true
					} else if call != "" {
						set[need{"no action is known for", call}] = true
					}
				}
			}
		}
		switch {
		case queries && index != "":
			set[need{"dynamodb:Query", index}] = true
		case queries:
			set[need{"dynamodb:Query", "table"}] = true
		}
	}
	if transacts {
		for field := range writes {
			set[transactions[field]] = true
		}
	}
	delete(set, need{})
	return slices.SortedFunc(maps.Keys(set), func(a, b need) int {
		return cmp.Or(cmp.Compare(a.action, b.action), cmp.Compare(a.on, b.on))
	})
}

// actions are what an operation is allowed by. Nothing follows from the
// operations that stand here without an action: what a Query goes to is in its
// input, and so are the parts of a transaction.
var actions = map[string]need{
	"dynamodb.GetItem":                         {"dynamodb:GetItem", "table"},
	"dynamodb.BatchGetItem":                    {"dynamodb:BatchGetItem", "table"},
	"dynamodb.PutItem":                         {"dynamodb:PutItem", "table"},
	"dynamodb.UpdateItem":                      {"dynamodb:UpdateItem", "table"},
	"dynamodb.DeleteItem":                      {"dynamodb:DeleteItem", "table"},
	"dynamodb.BatchWriteItem":                  {"dynamodb:BatchWriteItem", "table"},
	"dynamodb.Scan":                            {"dynamodb:Scan", "table"},
	"dynamodb.Query":                           {},
	"dynamodb.TransactWriteItems":              {},
	"sqs.SendMessage":                          {"sqs:SendMessage", "queue"},
	"sqs.SendMessageBatch":                     {"sqs:SendMessage", "queue"},
	"sqs.ReceiveMessage":                       {"sqs:ReceiveMessage", "queue"},
	"sqs.DeleteMessage":                        {"sqs:DeleteMessage", "queue"},
	"sqs.ChangeMessageVisibility":              {"sqs:ChangeMessageVisibility", "queue"},
	"sqs.GetQueueAttributes":                   {"sqs:GetQueueAttributes", "queue"},
	"apigatewaymanagementapi.PostToConnection": {"execute-api:ManageConnections", "POST connections"},
	"apigatewaymanagementapi.GetConnection":    {"execute-api:ManageConnections", "GET connections"},
	"apigatewaymanagementapi.DeleteConnection": {"execute-api:ManageConnections", "DELETE connections"},
}

// transactions are what the parts of a TransactWriteItems are allowed by.
var transactions = map[string]need{
	"Put":            {"dynamodb:PutItem", "table"},
	"Update":         {"dynamodb:UpdateItem", "table"},
	"Delete":         {"dynamodb:DeleteItem", "table"},
	"ConditionCheck": {"dynamodb:ConditionCheckItem", "table"},
}

// operation names the service and operation that a call of an AWS client asks for.
func operation(c ssa.CallInstruction) string {
	f := c.Common().StaticCallee()
	if f == nil || f.Signature.Recv() == nil {
		return ""
	}
	receiver, ok := strings.CutPrefix(f.Signature.Recv().Type().String(), "*github.com/aws/aws-sdk-go-v2/service/")
	service, isClient := strings.CutSuffix(receiver, ".Client")
	if !ok || !isClient || f.Name() == "Options" {
		return ""
	}
	return service[strings.LastIndexByte(service, '/')+1:] + "." + f.Name()
}

// fieldOf names the field of a struct that an address is of, and its type.
func fieldOf(addr ssa.Value) (owner, field string) {
	a, ok := addr.(*ssa.FieldAddr)
	if !ok {
		return "", ""
	}
	p, ok := a.X.Type().Underlying().(*types.Pointer)
	if !ok {
		return "", ""
	}
	owner = p.Elem().String()
	return owner[strings.LastIndexByte(owner, '/')+1:], p.Elem().Underlying().(*types.Struct).Field(a.Field).Name()
}

// constant is the text in aws.String("text"), or a question mark.
func constant(v ssa.Value) string {
	if c, ok := v.(*ssa.Call); ok && len(c.Call.Args) == 1 {
		if text, ok := c.Call.Args[0].(*ssa.Const); ok {
			return strings.Trim(text.Value.ExactString(), `"`)
		}
	}
	return "?"
}
