import { render } from 'preact';
import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { OrderDriver } from './driver.ts';
import { OrderPage } from './view/order-page.tsx';

const data = readPageData<PageData & { readonly order: string }>();
const root = document.getElementById('root') as HTMLElement;
const say = sayWith(data.texts);
const driver = new OrderDriver(data.order, () => draw());
const draw = (): void => render(<OrderPage driver={driver} state={driver.state} say={say} language={data.language} problems={data.problems ?? {}} />, root);

root.replaceChildren();
draw();
void driver.start();
setInterval(draw, 1_000);
