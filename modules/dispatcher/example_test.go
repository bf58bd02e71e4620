package dispatcher_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"example.com/ostov/config"
	"example.com/ostov/modules/container"
	"example.com/ostov/modules/dispatcher"
)

// Prices is what the tasks of the examples work on.
type Prices struct{ News chan int }

func newPrices() *Prices { return &Prices{News: make(chan int)} }

func newFeed(prices *Prices) dispatcher.Service {
	return dispatcher.Service{Name: "price feed", Run: func(ctx context.Context) error {
		for {
			select {
			case price := <-prices.News:
				fmt.Println("new price:", price)
			case <-ctx.Done():
				return nil
			}
		}
	}}
}

func ExampleService() {
	prices := newPrices()
	_, stop := start(newFeed(prices))
	prices.News <- 42
	stop()
	// Output: new price: 42
}

func newSubscription() dispatcher.Service {
	return dispatcher.Service{Name: "subscription", RunReady: func(ctx context.Context, ready func()) error {
		fmt.Println("subscribed") // an error returned here fails the start of the application
		ready()
		<-ctx.Done()
		fmt.Println("unsubscribed")
		return nil
	}}
}

func ExampleService_ready() {
	_, stop := start(newSubscription())
	fmt.Println("serving")
	stop()
	// Output:
	// subscribed
	// serving
	// unsubscribed
}

func newSummary(done chan<- string) dispatcher.Schedule {
	return dispatcher.Schedule{Name: "summary", Every: time.Minute, Run: func(context.Context) error {
		done <- "summary written"
		return nil
	}}
}

func ExampleSchedule() {
	done := make(chan string)
	_, stop := start(newSummary(done))
	fmt.Println(<-done) // the first run is at the start
	stop()
	// Output: summary written
}

func newInvoices() dispatcher.Schedule {
	return dispatcher.Schedule{
		Name:    "invoices",
		Cron:    "30 6 * * MON-FRI",
		Zone:    "Europe/Berlin",
		CatchUp: true, // a laptop that slept at half past six sends them when it wakes
		Run:     sendInvoices,
	}
}

func ExampleSchedule_cron() {
	d, stop := start(newInvoices())
	next := d.Snapshot()[0].Next
	fmt.Println("next run at", next.Format("15:04"), "in", next.Location())
	stop()
	// Output: next run at 06:30 in Europe/Berlin
}

func sendInvoices(context.Context) error { return nil }

func upload(ctx context.Context, d *dispatcher.Dispatcher, image string) error {
	return d.Go(ctx, "thumbnail", func(ctx context.Context) error {
		fmt.Println("thumbnail of", image)
		return nil
	})
}

func ExampleDispatcher_Go() {
	d, stop := start()
	if err := upload(context.Background(), d, "rook.png"); err != nil {
		fmt.Println(err) // dispatcher.ErrQueueFull or dispatcher.ErrStopping: try later
	}
	stop() // what was taken is run
	// Output: thumbnail of rook.png
}

func total(ctx context.Context, d *dispatcher.Dispatcher, prices []int) (int, error) {
	sum := 0
	err := d.Wait(ctx, "total", func(context.Context) error {
		for _, price := range prices {
			sum += price
		}
		return nil
	})
	if err != nil {
		return 0, err // where ctx ended first, sum is still written to
	}
	return sum, nil
}

func ExampleDispatcher_Wait() {
	d, stop := start()
	fmt.Println(total(context.Background(), d, []int{40, 2}))
	stop()
	// Output: 42 <nil>
}

// pricesModule is how a feature lists its work, in its module.go.
var pricesModule = fx.Module("prices",
	fx.Provide(newPrices),
	dispatcher.Task(newFeed),
	dispatcher.Task(newSubscription),
)

func ExampleTask() {
	app := container.New(container.Process{Stdout: io.Discard, Sources: config.Sources{Environ: []string{}}},
		container.Module, dispatcher.Module, pricesModule, fx.Supply(zap.NewNop()))
	if err := app.Start(context.Background()); err != nil {
		fmt.Println(err)
	}
	if err := app.Stop(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// subscribed
	// unsubscribed
}

// start starts a dispatcher without Fx, as [container.Module] does with it.
func start(tasks ...dispatcher.Work) (d *dispatcher.Dispatcher, stop func()) {
	d, err := dispatcher.New(dispatcher.Params{Config: dispatcher.DefaultConfig(), Shutdown: new(shutdowner), Tasks: tasks})
	if err != nil {
		panic(err)
	}
	if err := d.Start(context.Background()); err != nil {
		panic(err)
	}
	return d, func() {
		if err := d.Stop(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
}
